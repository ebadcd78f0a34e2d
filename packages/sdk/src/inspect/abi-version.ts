// What flexilib_abi_version returns, read from its code where that is all it does, as in every SDK.
import { type ElfImage, ElfProblem, type ElfSymbol } from '@flexilib/loader';

const CODE_MAX = 24;

/** null: its code does more, so that only a call would tell. */
export async function abiVersionOf(image: ElfImage, symbol: ElfSymbol): Promise<number | null> {
  try {
    const at = image.offsetOf(symbol.value);
    const { buffer } = await image.read(at, Math.min(CODE_MAX, image.size - at));
    const code = Buffer.from(buffer);
    return image.machine === 62 ? x64(code) : image.machine === 183 ? arm64(code) : null;
  } catch (error) {
    if (error instanceof ElfProblem) return null;
    throw error;
  }
}

/** [endbr64] [push rbp; mov rbp, rsp] mov eax, N [pop rbp] ret */
function x64(code: Buffer): number | null {
  const hex = code.toString('hex');
  const found = /^(?:f30f1efa)?(?:554889e5)?b8([0-9a-f]{8})(?:5d)?c3/.exec(hex);
  return found && Buffer.from(found[1], 'hex').readUInt32LE();
}

/** [bti c] mov w0, #N; ret */
function arm64(code: Buffer): number | null {
  const words = Array.from({ length: code.length >> 2 }, (_, i) => code.readUInt32LE(4 * i));
  const [move, end] = words[0] === 0xd503245f ? words.slice(1) : words;
  return end === 0xd65f03c0 && (move & 0xffe0001f) >>> 0 === 0x52800000 ? (move >>> 5) & 0xffff : null;
}
