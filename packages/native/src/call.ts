import { Buffer } from 'node:buffer';
import { type Address, addressOf, type Binding, viewOf } from './binding.ts';
import * as at from './call-layout.ts';
import type { Library } from './library.ts';

/** How a call ended; the numbers are fl_outcome's in runtime/runtime.h. */
export const Outcome = { ok: 0, null: 1, badResponse: 2, crashed: 3, late: 4 } as const;

/** Room for the head of one request: a target of 8 KiB, fields of 16 KiB, a method. */
const HEAD_MAX = 8192 + 16384 + 64;

const none = Buffer.alloc(0);

/**
 * One request on its way through an executor; reused from request to request, and owned by the event loop except
 * between submit and its completion. Say where the head's bytes are (ownBytes, or setBytes), describe them with
 * setHead, and the body with setContent.
 */
export class Call {
  readonly id: number;
  /** The request's head: method, target, field names and values, wherever the caller puts them. */
  bytes: Buffer = none;
  /** Four numbers a field: nameOffset, nameLength, valueOffset, valueLength, all into bytes. */
  readonly fields: Int32Array;
  fieldCount = 0;
  targetStart = 0;
  targetLength = 0;
  /** What to do when the executor has returned; set by the runtime. */
  done: ((call: Call) => void) | null = null;
  /** Where it runs, or ran last; set by the runtime. */
  library: Library | null = null;
  /** For whom it is under way; the caller's. */
  owner: unknown = null;

  readonly #binding: Binding;
  readonly #address: Address;
  readonly #int: Int32Array;
  readonly #double: Float64Array;
  #own: Buffer<ArrayBuffer> | null = null;
  #content: Buffer | null = null;

  /** Made by Runtime.acquireCall only. */
  constructor(binding: Binding, id: number) {
    this.#binding = binding;
    this.id = id;
    this.#address = binding.callNew(id);
    if (this.#address === 0) throw new RangeError('out of memory');
    const memory = viewOf(this.#address, at.SIZE);
    this.#int = new Int32Array(memory, 0, at.FIELDS >> 2);
    this.#double = new Float64Array(memory, 0, at.FIELDS >> 3);
    this.fields = new Int32Array(memory, at.FIELDS, at.FIELDS_SIZE >> 2);
  }

  /** Sets bytes to memory of the call's own, with room for any head, and gives it. */
  ownBytes(): Buffer {
    this.#own ??= Buffer.from(new ArrayBuffer(HEAD_MAX));
    this.setBytes(this.#own, addressOf(this.#own));
    return this.#own;
  }

  /** The head is in bytes, which are at this address and stay as they are until the call has returned. */
  setBytes(bytes: Buffer, address: Address): void {
    this.bytes = bytes;
    this.#double[at.BYTES] = address;
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
    const int = this.#int;
    int[at.METHOD_AT] = methodAt;
    int[at.METHOD_LENGTH] = methodLength;
    int[at.TARGET_AT] = targetAt;
    int[at.TARGET_LENGTH] = targetLength;
    int[at.FIELD_COUNT] = fieldCount;
  }

  get methodStart(): number {
    return this.#int[at.METHOD_AT];
  }

  get methodLength(): number {
    return this.#int[at.METHOD_LENGTH];
  }

  /** The body, which is kept until the call is released; null when it was set by its address. */
  get content(): Buffer | null {
    return this.#content;
  }

  set content(content: Buffer) {
    this.#content = content;
    this.setContent(content.length > 0 ? addressOf(content as Buffer<ArrayBuffer>) : 0, content.length);
  }

  /** The body's bytes are at this address and stay as they are until the call has returned. */
  setContent(address: Address, length: number): void {
    this.#double[at.CONTENT] = address;
    this.#double[at.CONTENT_LENGTH] = length;
  }

  get contentLength(): number {
    return this.#double[at.CONTENT_LENGTH];
  }

  /**
   * Where the answer goes if it fits, else it goes where out says. length 0: memory of the call. last: the answer
   * says that the connection ends.
   */
  setAnswer(window: Address, length: number, last: boolean): void {
    this.#double[at.WINDOW] = length > 0 ? window : 0;
    this.#int[at.WINDOW_LENGTH] = length;
    this.#int[at.LAST] = last ? 1 : 0;
  }

  /** One of Outcome. */
  get outcome(): number {
    return this.#int[at.OUTCOME];
  }

  /** With Outcome.badResponse: what complaintText explains. */
  get complaint(): number {
    return this.#int[at.COMPLAINT];
  }

  get status(): number {
    return this.#int[at.STATUS];
  }

  /** Address of the answer's head, which the body follows. Outside of the window it is valid until the release. */
  get out(): Address {
    return this.#double[at.OUT];
  }

  /** Bytes of the answer's head. */
  get headLength(): number {
    return this.#int[at.HEAD_LENGTH];
  }

  /** Bytes of the body to be sent: 0 for HEAD, 204 and 304. */
  get bodyLength(): number {
    return this.#double[at.BODY_LENGTH];
  }

  /** The reason phrase, the executor's or the usual one. */
  get reason(): string {
    return this.#copy(at.REASON_AT, this.#int[at.REASON_LENGTH]).toString('latin1');
  }

  /** The field lines without date and connection, each with its CRLF, content-length included, as bytes seen as
   * Latin-1. With Outcome.crashed and Outcome.late: what reportOf takes. */
  get head(): string {
    return this.#copy(this.#int[at.FIELDS_AT], this.#int[at.FIELDS_LENGTH]).toString('latin1');
  }

  /** The body's bytes to be sent: a copy that is the caller's. */
  copyBody(): Buffer {
    return this.#copy(this.headLength, this.bodyLength);
  }

  /** Monotonic milliseconds (monotonicNow) at which the executor was entered. */
  get started(): number {
    return this.#double[at.STARTED];
  }

  /** Monotonic milliseconds (monotonicNow) at which the executor returned. */
  get returned(): number {
    return this.#double[at.RETURNED];
  }

  /** Bytes that the thread's arena held before the call. */
  get preAlloc(): number {
    return this.#double[at.PRE_ALLOC];
  }

  /** Bytes that the call asked of the arena. */
  get alloc(): number {
    return this.#double[at.ALLOC];
  }

  /** Bytes of malloc's memory that the call left behind, as far as Runtime.watchHeap measures it; other threads' too. */
  get left(): number {
    return this.#double[at.LEFT];
  }

  /** Makes an answer outside of the window say that the connection ends, if it doesn't yet. */
  end(): void {
    this.#binding.callEnd(this.#address);
  }

  /** Runs the executor here and now, on the event loop. deadline: monotonic milliseconds. */
  invoke(library: Library, deadline: number): void {
    this.library = library;
    this.#double[at.LIBRARY] = library.address;
    this.#double[at.DEADLINE] = deadline;
    this.#binding.invoke(this.#address);
  }

  /** Queues the executor for the pool. deadline: monotonic milliseconds. Runtime.submit is what callers want. */
  submit(library: Library, deadline: number, slow: boolean): void {
    this.library = library;
    this.#int[at.SLOW] = slow ? 1 : 0;
    this.#double[at.LIBRARY] = library.address;
    this.#double[at.DEADLINE] = deadline;
    this.#binding.submit(this.#address);
  }

  /**
   * Nobody waits for it any more: the pool replaces the thread that it holds. False: it still waits for one.
   * Runtime.abandon is what callers want.
   */
  abandon(): boolean {
    return this.#binding.abandon(this.#address) === 1;
  }

  /**
   * Asks its thread where it is, and writes what the thread has told by now: what reportOf takes, as bytes seen as
   * Latin-1. Gives its length; 0 or less: nothing. Runtime.abandon is what callers want.
   */
  look(text: Address, size: number): number {
    return this.#binding.look(this.#address, text, size);
  }

  /** Forgets the last request and frees what its answer needed. */
  reset(): void {
    this.#content = null;
    this.done = null;
    this.owner = null;
    if (this.#int[at.HEAP] !== 0) this.#binding.callReset(this.#address);
  }

  /** Frees the native memory; the call must not be used again. */
  free(): void {
    this.#binding.callFree(this.#address);
  }

  #copy(from: number, length: number): Buffer {
    if (length === 0) return none;
    const copy = Buffer.from(new ArrayBuffer(length));
    this.#binding.memcpy(addressOf(copy), this.out + from, length);
    return copy;
  }
}
