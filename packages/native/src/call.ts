import { Buffer } from 'node:buffer';
import { type Address, addressOf, type Binding, viewOf } from './binding.ts';
import type { Library } from './library.ts';

/** How a call ended; the numbers are fl_outcome's in runtime/runtime.h. */
export const Outcome = { ok: 0, null: 1, badResponse: 2, crashed: 3 } as const;

/** Room for the head of one request: a target of 8 KiB, fields of 16 KiB, a method. */
const BYTES = 8192 + 16384 + 64;

// The order in which fl_call_layout tells the offsets.
const names = [
  'size',
  'targetAt',
  'targetLength',
  'methodAt',
  'methodLength',
  'fieldCount',
  'fields',
  'outcome',
  'complaint',
  'signal',
  'status',
  'reasonLength',
  'headLength',
  'bodyLength',
  'started',
  'returned',
  'preAlloc',
  'alloc',
  'out',
] as const;

export type CallLayout = Readonly<Record<(typeof names)[number], number>>;

/** Reads the layout of fl_call from the runtime: byte offsets, and the size. */
export function readLayout(binding: Binding): CallLayout {
  const offsets = new Int32Array(new ArrayBuffer(4 * names.length));
  binding.callLayout(addressOf(offsets.buffer));
  return Object.fromEntries(names.map((name, i) => [name, offsets[i]])) as CallLayout;
}

/**
 * One request on its way through an executor; reused from request to request, and owned by the event loop except
 * between submit and its completion. Write the head's bytes into `bytes` and describe them with setHead.
 */
export class Call {
  readonly id: number;
  /** The request's head: method, target, field names and values, wherever the caller puts them. */
  readonly bytes: Buffer<ArrayBuffer>;
  /** Four numbers a field: nameOffset, nameLength, valueOffset, valueLength, all into bytes. */
  readonly fields: Int32Array;
  fieldCount = 0;
  targetStart = 0;
  targetLength = 0;
  /** What to do when the executor has returned; set by the runtime. */
  done: (() => void) | null = null;
  /** The body; kept here so that it outlives the call. */
  content: Buffer<ArrayBuffer> | null = null;

  readonly #binding: Binding;
  readonly #layout: CallLayout;
  readonly #address: Address;
  readonly #bytesAddress: Address;
  readonly #struct: Buffer;
  readonly #int: Int32Array;
  readonly #double: Float64Array;

  /** Made by Runtime.acquireCall only. */
  constructor(binding: Binding, layout: CallLayout, id: number) {
    this.#binding = binding;
    this.#layout = layout;
    this.id = id;
    this.#address = binding.callNew(id);
    if (this.#address === 0) throw new RangeError('out of memory');
    const memory = viewOf(this.#address, layout.size);
    this.#struct = Buffer.from(memory);
    this.#int = new Int32Array(memory, 0, layout.size >> 2);
    this.#double = new Float64Array(memory, 0, layout.size >> 3);
    this.fields = new Int32Array(memory, layout.fields, (layout.outcome - layout.fields) >> 2);
    this.bytes = Buffer.from(new ArrayBuffer(BYTES));
    this.#bytesAddress = addressOf(this.bytes);
  }

  /** Describes the head: offsets into bytes; fields has been filled for fieldCount fields. */
  setHead(
    methodAt: number,
    methodLength: number,
    targetAt: number,
    targetLength: number,
    fieldCount: number,
  ): void {
    this.targetStart = targetAt;
    this.targetLength = targetLength;
    this.fieldCount = fieldCount;
    const { methodAt: m, methodLength: ml, targetAt: t, targetLength: tl, fieldCount: n } = this.#layout;
    this.#int[m >> 2] = methodAt;
    this.#int[ml >> 2] = methodLength;
    this.#int[t >> 2] = targetAt;
    this.#int[tl >> 2] = targetLength;
    this.#int[n >> 2] = fieldCount;
  }

  /** One of Outcome. */
  get outcome(): number {
    return this.#int[this.#layout.outcome >> 2];
  }

  /** With Outcome.badResponse: what complaintText explains. */
  get complaint(): number {
    return this.#int[this.#layout.complaint >> 2];
  }

  get status(): number {
    return this.#int[this.#layout.status >> 2];
  }

  /** The executor's reason phrase, or an empty string. */
  get reason(): string {
    const start = this.#outStart();
    return this.#out(start, this.#int[this.#layout.reasonLength >> 2]).toString('latin1');
  }

  /** The field lines, each with its CRLF, content-length included, as bytes seen as Latin-1. With Outcome.crashed: the
   * fault's story. */
  get head(): string {
    const start = this.#outStart() + this.#int[this.#layout.reasonLength >> 2];
    return this.#out(start, this.#int[this.#layout.headLength >> 2]).toString('latin1');
  }

  /** The body's bytes to be sent, empty for HEAD, 204 and 304: a copy that is the caller's. */
  copyBody(): Buffer {
    const length = this.#double[this.#layout.bodyLength >> 3];
    const before = this.#int[this.#layout.reasonLength >> 2] + this.#int[this.#layout.headLength >> 2];
    return this.#out(this.#outStart() + before, length);
  }

  /** Monotonic milliseconds (monotonicNow) at which the executor was entered. */
  get started(): number {
    return this.#double[this.#layout.started >> 3];
  }

  /** Monotonic milliseconds (monotonicNow) at which the executor returned. */
  get returned(): number {
    return this.#double[this.#layout.returned >> 3];
  }

  /** Bytes that the thread's arena held before the call. */
  get preAlloc(): number {
    return this.#double[this.#layout.preAlloc >> 3];
  }

  /** Bytes that the call asked of the arena. */
  get alloc(): number {
    return this.#double[this.#layout.alloc >> 3];
  }

  /** Runs the executor here and now, on the event loop. deadline: monotonic milliseconds. */
  invoke(library: Library, deadline: number): void {
    this.#start(this.#binding.invoke, library, deadline);
  }

  /** Queues the executor for the pool. deadline: monotonic milliseconds. Runtime.submit is what callers want. */
  submit(library: Library, deadline: number): void {
    this.#start(this.#binding.submit, library, deadline);
  }

  /** Forgets the last request and frees what its answer needed. */
  reset(): void {
    this.content = null;
    this.done = null;
    this.#binding.callReset(this.#address);
  }

  /** Frees the native memory; the call must not be used again. */
  free(): void {
    this.#binding.callFree(this.#address);
  }

  #start(how: Binding['submit'], library: Library, deadline: number): void {
    const length = this.content?.length ?? 0;
    const content = this.content && length > 0 ? addressOf(this.content) : 0;
    how(this.#address, library.address, this.#bytesAddress, content, length, deadline);
  }

  #outStart(): Address {
    return this.#double[this.#layout.out >> 3];
  }

  #out(start: Address, length: number): Buffer {
    if (length === 0) return Buffer.alloc(0);
    const inside = start - this.#address;
    if (inside >= 0 && inside + length <= this.#layout.size) {
      return Buffer.from(this.#struct.subarray(inside, inside + length));
    }
    const copy = Buffer.from(new ArrayBuffer(length));
    this.#binding.memcpy(addressOf(copy), start, length);
    return copy;
  }
}
