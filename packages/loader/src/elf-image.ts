// An ELF file read as the dynamic linker reads it: elf(5), and the gABI's dynamic section. Bounded, whatever the file says.
// The parsers on npm read whole files through their section headers, which a stripped library may lack, and were
// last released years ago; this follows the program headers.
import type { FileHandle } from 'node:fs/promises';

/**
 * file: no ELF file; type: not one that dlopen(3) takes; machine: for none that this could be; damaged: cut short, or
 * its tables make no sense.
 */
export type ElfProblemKind = 'file' | 'type' | 'machine' | 'damaged';

/** Why a file isn't a library for any machine; the text follows «PATH: ». */
export class ElfProblem extends Error {
  readonly kind: ElfProblemKind;

  constructor(text: string, kind: ElfProblemKind = 'damaged') {
    super(text);
    this.kind = kind;
  }
}

export interface ElfSegment {
  type: number;
  flags: number;
  offset: number;
  address: number;
  /** In the file. */
  size: number;
}

export interface ElfSymbol {
  index: number;
  name: string;
  /** SHN_UNDEF: imported. */
  defined: boolean;
  binding: number;
  type: number;
  /** An address, if it is defined. */
  value: number;
  size: number;
}

export interface ElfImage {
  readonly size: number;
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number;
  /** The ELF header. */
  readonly head: DataView;
  readonly segments: readonly ElfSegment[];
  /** A piece of the file. */
  read(offset: number, length: number): Promise<DataView>;
  /** Where in the file an address of the loaded library comes from. */
  offsetOf(address: number): number;
  /** The values of a tag of the dynamic section, in order. */
  values(tag: number): number[];
  /** A string of the dynamic section's table. */
  text(at: number): string;
  /** The dynamic symbols, without the first, which is none. */
  symbols(): Promise<Iterable<ElfSymbol>>;
}

export const PT = { load: 1, dynamic: 2 } as const;
export const DT = {
  needed: 1,
  hash: 4,
  strtab: 5,
  symtab: 6,
  strsz: 10,
  rpath: 15,
  runpath: 29,
  gnuHash: 0x6ffffef5,
  flags1: 0x6ffffffb,
  auxiliary: 0x7ffffffd,
  filter: 0x7fffffff,
} as const;
export const STB = { weak: 2, gnuUnique: 10 } as const;

const ET_DYN = 3;
const SYMBOL = 24;
const TABLE_MAX = 64 << 20;
const PIECE = 4096;

export const u64 = (view: DataView, at: number): number => Number(view.getBigUint64(at, true));

/** Opens the library in a file of the given size in bytes. It and its functions throw ElfProblem, or the system's error. */
export async function openElf(file: FileHandle, size: number): Promise<ElfImage> {
  const read = async (offset: number, length: number): Promise<DataView> => {
    if (length > TABLE_MAX || offset + length > size) throw new ElfProblem('is cut short or damaged');
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await file.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw new ElfProblem('is cut short');
      done += bytesRead;
    }
    return new DataView(bytes.buffer);
  };

  if (size === 0) throw new ElfProblem('is empty', 'file');
  const magic = await read(0, Math.min(size, 4));
  if (size < 4 || magic.getUint32(0) !== 0x7f454c46) throw new ElfProblem('is no ELF file', 'file');
  const head = await read(0, 64);
  if (head.getUint8(4) !== 2)
    throw new ElfProblem('is a 32-bit library; build it for a 64-bit target', 'machine');
  if (head.getUint8(5) !== 1)
    throw new ElfProblem('is a big-endian library; build it for this machine', 'machine');
  if (head.getUint16(16, true) !== ET_DYN) {
    throw new ElfProblem(
      'is no shared library; link it with -shared (Zig: -dynamic, Rust: crate-type = ["cdylib"])',
      'type',
    );
  }
  const sectionsEnd = u64(head, 40) + head.getUint16(58, true) * head.getUint16(60, true);
  if (sectionsEnd > size) throw new ElfProblem(`is cut short: ${size} bytes of at least ${sectionsEnd}`);

  const segments = segmentsOf(await read(u64(head, 32), 56 * head.getUint16(56, true)));
  for (const { type, offset, size: length } of segments) {
    if (type === PT.load && offset + length > size) {
      throw new ElfProblem(`is cut short: ${size} bytes of at least ${offset + length}`);
    }
  }
  const dynamic = segments.find(({ type }) => type === PT.dynamic);
  if (!dynamic) throw new ElfProblem('has no dynamic section; link it with -shared', 'type');

  const offsetOf = (address: number) => {
    const home = segments.find(
      (s) => s.type === PT.load && address >= s.address && address < s.address + s.size,
    );
    if (!home) throw new ElfProblem('is damaged: a table lies outside of it');
    return address - home.address + home.offset;
  };
  const entries = await read(dynamic.offset, dynamic.size - (dynamic.size % 16));
  const values = (tag: number) => {
    const found: number[] = [];
    for (let at = 0; at < entries.byteLength; at += 16) {
      const entry = u64(entries, at);
      if (entry === 0) break;
      if (entry === tag) found.push(u64(entries, at + 8));
    }
    return found;
  };
  const [stringsAt] = values(DT.strtab);
  const [stringsSize] = values(DT.strsz);
  if (stringsAt === undefined || stringsSize === undefined)
    throw new ElfProblem('is damaged: no string table');
  const text = stringsOf(await read(offsetOf(stringsAt), stringsSize));

  async function symbols(): Promise<Iterable<ElfSymbol>> {
    const [at] = values(DT.symtab);
    const count = await symbolCount();
    return at === undefined || count === 0 ? [] : symbolsOf(await read(offsetOf(at), count * SYMBOL), text);
  }

  // The dynamic section has no count of the symbols; their hash tables know it.
  async function symbolCount(): Promise<number> {
    const [hash] = values(DT.hash);
    if (hash !== undefined) return (await read(offsetOf(hash), 8)).getUint32(4, true);
    const [gnu] = values(DT.gnuHash);
    if (gnu === undefined) return 0;
    const at = offsetOf(gnu);
    const table = await read(at, 16);
    const buckets = table.getUint32(0, true);
    const bucketsAt = at + 16 + 8 * table.getUint32(8, true);
    const bucketView = await read(bucketsAt, 4 * buckets);
    let last = 0;
    for (let i = 0; i < buckets; i++) last = Math.max(last, bucketView.getUint32(4 * i, true));
    const first = table.getUint32(4, true);
    if (last < first) return first;
    // The chain of the last bucket ends with an odd value.
    for (let chain = bucketsAt + 4 * (buckets + last - first); ; chain += PIECE) {
      const view = await read(chain, Math.max(4, Math.min(PIECE, size - chain)));
      for (let i = 0; i + 4 <= view.byteLength; i += 4, last++)
        if (view.getUint32(i, true) & 1) return last + 1;
    }
  }

  return { size, machine: head.getUint16(18, true), head, segments, read, offsetOf, values, text, symbols };
}

/** Reads zero-terminated strings of a table. */
export function stringsOf(table: DataView): (at: number) => string {
  const bytes = Buffer.from(table.buffer);
  let total = 0;
  return (at) => {
    if (at >= bytes.length) throw new ElfProblem('is damaged: a name lies outside of its table');
    const end = bytes.indexOf(0, at);
    const name = bytes.toString('utf8', at, end < 0 ? bytes.length : end);
    total += name.length;
    if (total > TABLE_MAX) throw new ElfProblem('is damaged: its names are longer than their table');
    return name;
  };
}

function* symbolsOf(table: DataView, text: (at: number) => string): Iterable<ElfSymbol> {
  for (let at = SYMBOL; at < table.byteLength; at += SYMBOL) {
    const info = table.getUint8(at + 4);
    yield {
      index: at / SYMBOL,
      name: text(table.getUint32(at, true)),
      defined: table.getUint16(at + 6, true) !== 0,
      binding: info >> 4,
      type: info & 15,
      value: u64(table, at + 8),
      size: u64(table, at + 16),
    };
  }
}

function segmentsOf(view: DataView): ElfSegment[] {
  const segments: ElfSegment[] = [];
  for (let at = 0; at < view.byteLength; at += 56) {
    segments.push({
      type: view.getUint32(at, true),
      flags: view.getUint32(at + 4, true),
      offset: u64(view, at + 8),
      address: u64(view, at + 16),
      size: u64(view, at + 32),
    });
  }
  return segments;
}
