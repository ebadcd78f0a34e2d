// What the section headers tell: nothing that loading needs, so a library may lack them. elf(5).
import { type ElfImage, ElfProblem, stringsOf, u64 } from '@flexilib/loader';

export interface Section {
  name: string;
  type: number;
  flags: number;
  offset: number;
  size: number;
}

const HEADER = 64;
const COMPRESSION_HEADER = 24;
const SHT_NOBITS = 8;
const SHF_COMPRESSED = 0x800;
const NAMES_MAX = 8 << 20;

/** Those that lie inside of the file; none, if their table is damaged. */
export async function sectionsOf({ head, read, size }: ElfImage): Promise<Section[]> {
  const [count, names] = [head.getUint16(60, true), head.getUint16(62, true)];
  if (head.getUint16(58, true) !== HEADER || names >= count) return [];
  try {
    const table = await read(u64(head, 40), HEADER * count);
    const headers = Array.from({ length: count }, (_, i) => ({
      name: table.getUint32(HEADER * i, true),
      type: table.getUint32(HEADER * i + 4, true),
      flags: u64(table, HEADER * i + 8),
      offset: u64(table, HEADER * i + 24),
      size: u64(table, HEADER * i + 32),
    }));
    const text = stringsOf(await read(headers[names].offset, headers[names].size));
    return headers
      .filter((header) => header.type === SHT_NOBITS || header.offset + header.size <= size)
      .map((header) => ({ ...header, name: text(header.name) }));
  } catch (error) {
    if (error instanceof ElfProblem) return [];
    throw error;
  }
}

/** How a section is compressed. */
export async function compressionOf(
  { read }: ElfImage,
  { flags, offset, size }: Section,
): Promise<'zlib' | 'zstd' | 'unknown' | null> {
  if ((flags & SHF_COMPRESSED) === 0) return null;
  if (size < COMPRESSION_HEADER) return 'unknown';
  const type = (await read(offset, 4)).getUint32(0, true);
  return type === 1 ? 'zlib' : type === 2 ? 'zstd' : 'unknown';
}

/** The strings of a section, one after the other; of a large one, those of its beginning. */
export async function wordsOf({ read }: ElfImage, section: Section | undefined): Promise<string[]> {
  if (!section || section.type === SHT_NOBITS || section.flags & SHF_COMPRESSED) return [];
  const bytes = await read(section.offset, Math.min(section.size, NAMES_MAX));
  const words = Buffer.from(bytes.buffer).toString('latin1').split('\0');
  return words.filter((word) => word !== '');
}
