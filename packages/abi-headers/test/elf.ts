// The dynamic symbols that an ELF64 library defines, read without binutils.
import { readFileSync } from 'node:fs';

const dynsym = 11;

export function definedSymbols(path: string): string[] {
  const file = readFileSync(path);
  const at = (index: number) => Number(file.readBigUInt64LE(0x28)) + index * 64;
  const sections = Array.from({ length: file.readUInt16LE(0x3c) }, (_, index) => ({
    type: file.readUInt32LE(at(index) + 4),
    offset: Number(file.readBigUInt64LE(at(index) + 24)),
    size: Number(file.readBigUInt64LE(at(index) + 32)),
    link: file.readUInt32LE(at(index) + 40),
  }));
  const table = sections.find(({ type }) => type === dynsym)!;
  const strings = sections[table.link]!.offset;
  const names: string[] = [];
  for (let symbol = table.offset; symbol < table.offset + table.size; symbol += 24) {
    if (file.readUInt16LE(symbol + 6) === 0) continue;
    const name = strings + file.readUInt32LE(symbol);
    names.push(file.toString('latin1', name, file.indexOf(0, name)));
  }
  return names;
}
