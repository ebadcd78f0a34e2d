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
    const stray = strayOf(facts);
    if (stray !== undefined)
      throw new Error(`it has libraries loaded from ${stray}, which no signature covers: link them in`);
    return await verify({ path, copy, hash }, kept);
  } catch (error) {
    const text = `${path}: not loaded: ${error instanceof Error ? error.message : error}`;
    throw new FlexilibError('FL_LIBRARY_SIGNATURE', text, { path, cause: error });
  }
}

/**
 * A place that nobody has signed: beside it ($ORIGIN), where its own copy would lie too, for others to replace; or a path that
 * begins wherever the server was started. Absolute ones are the system's matter.
 */
function strayOf(facts: ElfFacts): string | undefined {
  if (findsNeighbours(facts)) return 'beside it ($ORIGIN)';
  const folders = facts.runpath === '' ? [] : facts.runpath.split(':');
  const path = [...folders, ...facts.needed.filter((name) => /[/$]/.test(name))].find(
    (each) => each[0] !== '/',
  );
  return path === undefined ? undefined : `the relative path ${JSON.stringify(path)}`;
}
