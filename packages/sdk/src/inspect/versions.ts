// Which versions of its libraries' symbols it was linked with: the GNU extension of symbol versions, verneed.
import { type ElfImage, ElfProblem } from '@flexilib/loader';

export interface Version {
  /** Of which needed library. */
  library: string;
  name: string;
  /** Its number in the table of symbols' versions. */
  index: number;
}

const DT_VERSYM = 0x6ffffff0;
const DT_VERNEED = 0x6ffffffe;
const DT_VERNEEDNUM = 0x6fffffff;
const VERSIONS_MAX = 10_000;

export async function versionsOf({ values, read, offsetOf, text }: ElfImage): Promise<Version[]> {
  const found: Version[] = [];
  const [start] = values(DT_VERNEED);
  if (start === undefined) return found;
  let at = offsetOf(start);
  for (let [left = 0] = values(DT_VERNEEDNUM); left > 0; left--) {
    const need = await read(at, 16);
    const library = text(need.getUint32(4, true));
    let aux = at + need.getUint32(8, true);
    for (let count = need.getUint16(2, true); count > 0; count--) {
      const entry = await read(aux, 16);
      found.push({ library, name: text(entry.getUint32(8, true)), index: entry.getUint16(6, true) & 0x7fff });
      if (found.length > VERSIONS_MAX) throw new ElfProblem('is damaged: it needs too many versions');
      const step = entry.getUint32(12, true);
      if (step === 0) break;
      aux += step;
    }
    const step = need.getUint32(12, true);
    if (step === 0) break;
    at += step;
  }
  return found;
}

/** The version's number of each of so many symbols; 0 and 1 mean none. */
export async function versionIndices(
  { values, read, offsetOf }: ElfImage,
  count: number,
): Promise<(symbol: number) => number> {
  const [at] = values(DT_VERSYM);
  if (at === undefined || count === 0) return () => 0;
  const table = await read(offsetOf(at), 2 * count);
  return (symbol) => table.getUint16(2 * symbol, true) & 0x7fff;
}

/** -1, 0, 1: by numbers, as 2.9 < 2.34. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}
