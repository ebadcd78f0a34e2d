// Takes what only debuggers read out of a 64-bit little-endian ELF file: .symtab, .debug_*, .comment.
// binutils' strip knows its own machine alone, Zig's objcopy no ELF at all; and of a linked program it is little: all of that
// lies behind what is loaded, so the file is cut there, and gets a shorter table of sections.

const ALLOC = 2n; // SHF_ALLOC
const NOBITS = 8; // SHT_NOBITS

/** Takes the file's bytes, gives others. Throws when it is no such file, or isn't laid out like that. */
export function strip(bytes) {
  if (bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file');
  }
  const table = Number(bytes.readBigUInt64LE(40));
  const [size, count, names] = [58, 60, 62].map((at) => bytes.readUInt16LE(at));
  const sections = Array.from({ length: count }, (_, i) => {
    const header = Buffer.from(bytes.subarray(table + i * size, table + (i + 1) * size));
    return {
      header,
      type: header.readUInt32LE(4),
      alloc: (header.readBigUInt64LE(8) & ALLOC) !== 0n,
      offset: Number(header.readBigUInt64LE(24)),
      size: Number(header.readBigUInt64LE(32)),
    };
  });
  const kept = sections.filter(({ alloc }, i) => i === 0 || i === names || alloc);
  const loaded = sections.filter(({ alloc }) => alloc);
  const end = Math.max(...loaded.map(({ type, offset, size }) => offset + (type === NOBITS ? 0 : size)));
  if (kept.length === count) return bytes; // it was done already
  if (sections.some(({ alloc, offset }, i) => i > 0 && !alloc && offset < end)) {
    throw new Error('something that is not loaded lies between what is');
  }

  const strings = sections[names];
  const stringsAt = end;
  const tableAt = Math.ceil((stringsAt + strings.size) / 8) * 8;
  strings.header.writeBigUInt64LE(BigInt(stringsAt), 24);
  const out = Buffer.alloc(tableAt + kept.length * size);
  bytes.copy(out, 0, 0, end);
  bytes.copy(out, stringsAt, strings.offset, strings.offset + strings.size);
  const places = new Map(kept.map((section, i) => [sections.indexOf(section), i]));
  for (const [i, { header }] of kept.entries()) {
    header.writeUInt32LE(places.get(header.readUInt32LE(40)) ?? 0, 40); // sh_link
    header.copy(out, tableAt + i * size);
  }
  out.writeBigUInt64LE(BigInt(tableAt), 40);
  out.writeUInt16LE(kept.length, 60);
  out.writeUInt16LE(places.get(names), 62);
  return out;
}
