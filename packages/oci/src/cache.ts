// The cache of what was pulled. refs/REGISTRY/NAME:TAG is a link to a folder in artifacts/, which is named after the digest
// that the tag had, and holds the library and its signature: both change at once, with the link.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { formatReference, type Reference } from './reference.ts';

export const LIBRARY = 'library.so';
export const SIGNATURE = 'library.so.sigstore.json';

/** $FLEXILIB_CACHE_DIR, else $CACHE_DIRECTORY (systemd.exec(5)), else the user's. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const user = () => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flexilib');
  return join(env.FLEXILIB_CACHE_DIR || env.CACHE_DIRECTORY?.split(':')[0] || user(), 'oci');
}

/** The link. A name can't lead out of the cache, nor be within another's: what it is made of has no «..», and ends with its tag or digest. */
export function linkOf(cache: string, reference: Reference): string {
  const { digest, tag } = reference;
  const name = { ...reference, tag: digest ? undefined : (tag ?? 'latest') };
  return join(cache, 'refs', formatReference(name).replace('://', '/'));
}

/** Where the library is once it was pulled: this path stays, whatever the tag leads to. */
export const cachedLibrary = (cache: string, reference: Reference): string =>
  join(linkOf(cache, reference), LIBRARY);

export const artifactOf = (cache: string, digest: string): string =>
  join(cache, 'artifacts', digest.replace(':', '-'));
