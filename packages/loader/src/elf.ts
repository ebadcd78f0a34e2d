// The few facts of an ELF file that decide whether dlopen(3) will take it: elf(5), and the gABI's dynamic section.
// The parsers on npm read whole files through their section headers, which a stripped library may lack, and were
// last released years ago; this follows the program headers, as the dynamic linker does, and is bounded.
import type { FileHandle } from 'node:fs/promises';

export interface ElfFacts {
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  machine: number;
  /** DT_NEEDED: libraries it must find. */
  needed: string[];
  /** DT_RUNPATH or DT_RPATH; may contain $ORIGIN. */
  runpath: string;
  /** Names of the functions and objects that it defines for others. */
  exports: Set<string>;
  /** What would keep it from being unloaded: DF_1_NODELETE, a symbol of binding STB_GNU_UNIQUE. */
  nodelete: boolean;
  unique: string | null;
}

/** Why a file isn't a library for any machine; the text follows «PATH: ». */
export class ElfProblem extends Error {}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const ET_DYN = 3;
const DT = {
  needed: 1,
  hash: 4,
  strtab: 5,
  symtab: 6,
  strsz: 10,
  rpath: 15,
  runpath: 29,
  flags1: 0x6ffffffb,
} as const;
const DT_GNU_HASH = 0x6ffffef5;
const DF_1_NODELETE = 8;
const STB_GNU_UNIQUE = 10;
const SYMBOL = 24;
const TABLE_MAX = 64 << 20;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

/** Reads the facts of an open file of the given size in bytes. Throws ElfProblem, or the system's error. */
export async function readElf(file: FileHandle, size: number): Promise<ElfFacts> {
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
  const u64 = (view: DataView, at: number) => Number(view.getBigUint64(at, true));

  if (size === 0) throw new ElfProblem('is empty');
  const magic = await read(0, Math.min(size, 4));
  if (size < 4 || magic.getUint32(0) !== 0x7f454c46) throw new ElfProblem('is no ELF file');
  const head = await read(0, 64);
  if (head.getUint8(4) !== 2) throw new ElfProblem('is a 32-bit library; build it for a 64-bit target');
  if (head.getUint8(5) !== 1) throw new ElfProblem('is a big-endian library; build it for this machine');
  if (head.getUint16(16, true) !== ET_DYN) {
    throw new ElfProblem(
      'is no shared library; link it with -shared (Zig: -dynamic, Rust: crate-type = ["cdylib"])',
    );
  }
  const sectionsEnd = u64(head, 40) + head.getUint16(58, true) * head.getUint16(60, true);
  if (sectionsEnd > size) throw new ElfProblem(`is cut short: ${size} bytes of at least ${sectionsEnd}`);

  const segments = segmentsOf(await read(u64(head, 32), 56 * head.getUint16(56, true)), u64);
  for (const { type, offset, size: length } of segments) {
    if (type === PT_LOAD && offset + length > size) {
      throw new ElfProblem(`is cut short: ${size} bytes of at least ${offset + length}`);
    }
  }
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (!dynamic) throw new ElfProblem('has no dynamic section; link it with -shared');

  const offsetOf = (address: number) => {
    const home = segments.find(
      (s) => s.type === PT_LOAD && address >= s.address && address < s.address + s.size,
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
  const strings = await read(offsetOf(stringsAt), stringsSize);
  const text = (at: number) => cString(strings, at);

  const facts: ElfFacts = {
    machine: head.getUint16(18, true),
    needed: values(DT.needed).map(text),
    runpath: [...values(DT.runpath), ...values(DT.rpath)].map(text).join(':'),
    exports: new Set(),
    nodelete: values(DT.flags1).some((flags) => (flags & DF_1_NODELETE) !== 0),
    unique: null,
  };
  const [symbolsAt] = values(DT.symtab);
  const count = await symbolCount();
  if (symbolsAt === undefined || count === 0) return facts;
  const symbols = await read(offsetOf(symbolsAt), count * SYMBOL);
  for (let at = SYMBOL; at < symbols.byteLength; at += SYMBOL) {
    if (symbols.getUint16(at + 6, true) === 0) continue; // SHN_UNDEF: imported
    const name = text(symbols.getUint32(at, true));
    facts.exports.add(name);
    if (symbols.getUint8(at + 4) >> 4 === STB_GNU_UNIQUE) facts.unique = name;
  }
  return facts;

  // The dynamic section has no count of the symbols; their hash tables know it.
  async function symbolCount(): Promise<number> {
    const [hash] = values(DT.hash);
    if (hash !== undefined) return (await read(offsetOf(hash), 8)).getUint32(4, true);
    const [gnu] = values(DT_GNU_HASH);
    if (gnu === undefined) return 0;
    const at = offsetOf(gnu);
    const table = await read(at, 16);
    const buckets = table.getUint32(0, true);
    const bucketsAt = at + 16 + 8 * table.getUint32(8, true);
    const chainsAt = bucketsAt + 4 * buckets;
    const bucketView = await read(bucketsAt, 4 * buckets);
    let last = 0;
    for (let i = 0; i < buckets; i++) last = Math.max(last, bucketView.getUint32(4 * i, true));
    const first = table.getUint32(4, true);
    if (last < first) return first;
    for (; ; last++) {
      const chain = await read(chainsAt + 4 * (last - first), 4);
      if (chain.getUint32(0, true) & 1) return last + 1;
    }
  }
}

function segmentsOf(view: DataView, u64: (view: DataView, at: number) => number): Segment[] {
  const segments: Segment[] = [];
  for (let at = 0; at < view.byteLength; at += 56) {
    segments.push({
      type: view.getUint32(at, true),
      offset: u64(view, at + 8),
      address: u64(view, at + 16),
      size: u64(view, at + 32),
    });
  }
  return segments;
}

function cString(view: DataView, at: number): string {
  if (at >= view.byteLength) throw new ElfProblem('is damaged: a name lies outside of its table');
  let end = at;
  while (end < view.byteLength && view.getUint8(end) !== 0) end++;
  return Buffer.from(view.buffer, at, end - at).toString();
}
