// Libraries of which a signature is required. Who verifies it is told by the server; whatever goes wrong there, the library is
// refused.
import { FlexilibError } from '@flexilib/native';
import type { ElfFacts } from './elf.ts';
import { findsNeighbours } from './stage.ts';

/**
 * Throws, with why, unless these bytes may be loaded. copy: where they are, for nobody else to alter; hash: their SHA-256, in
 * hex. kept: the signature that an earlier build was kept with; null: that beside the file. Gives the signature, to be kept.
 */
export type Verify = (
  library: { path: string; copy: string; hash: string },
  kept: string | null,
) => Promise<string>;

/** Throws FL_LIBRARY_SIGNATURE. */
export async function requireSignature(
  verify: Verify,
  path: string,
  copy: string,
  hash: string,
  facts: ElfFacts,
  kept: string | null,
): Promise<string> {
  try {
    // What it would load from beside it, nobody has signed; and its own copy would lie there, for others to replace.
    if (findsNeighbours(facts))
      throw new Error('it looks for libraries beside it ($ORIGIN), which no signature covers: link them in');
    return await verify({ path, copy, hash }, kept);
  } catch (error) {
    const text = `${path}: not loaded: ${error instanceof Error ? error.message : error}`;
    throw new FlexilibError('FL_LIBRARY_SIGNATURE', text, { path, cause: error });
  }
}
