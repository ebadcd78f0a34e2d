// [server] require_signature: what must be true of a library before it is loaded. Sigstore's code is loaded for it.
import type { Verify } from '@flexilib/loader';
import type { Log } from './log.ts';
import type { Settings } from './settings.ts';

const SUFFIX = '.sigstore.json'; // BUNDLE_SUFFIX of packages/signing, which isn't to be loaded for it

/** Where the signature of a library lies. */
export const bundleOf = (library: string): string => `${library}${SUFFIX}`;

/** The library of a file of which it may be the signature. */
export const libraryOf = (file: string): string =>
  file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : file;

/** The loader's `verify`; null: nothing is required. Authors work with what nobody has signed yet. Throws if the code is missing. */
export async function verifierFor(
  { server, cache }: Pick<Settings, 'server' | 'cache'>,
  isDev: boolean,
  log: Log,
): Promise<Verify | null> {
  const key = server.require_signature;
  if (key === undefined) return null;
  if (isDev) {
    log.info('require_signature is not in force for `flexilib dev`');
    return null;
  }
  const { createRequirement } = await import('@flexilib/signing/require');
  return createRequirement(key, cache);
}

/** What is wrong with the key's file, if there is one; or null. */
export async function keyDoubt(key: string | undefined): Promise<string | null> {
  if (key === undefined) return null;
  const { readPublicKey } = await import('@flexilib/signing/require');
  return readPublicKey(key).then(
    () => null,
    (error: Error) => `require_signature = ${error.message}; no library is loaded until this is mended`,
  );
}
