// From a registry into the cache. Nobody sees half of it: a folder is filled beside, renamed, and then the link is.
import {
  lstat,
  lutimes,
  mkdir,
  mkdtemp,
  open,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  utimes,
} from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { artifactOf, LIBRARY, linkOf, SIGNATURE } from './cache.ts';
import { registryError } from './error.ts';
import { architectureOf, findExecutor } from './executor.ts';
import { formatReference, type Reference, wantedOf } from './reference.ts';
import { type Store, saveBlob } from './store.ts';

export interface Pulled {
  /** Where the tag leads. */
  digest: string;
  /** The link leads there since now. */
  changed: boolean;
}

const TOUCH_MS = 60 * 60_000;

/**
 * Asks where the reference leads, and gets what the cache lacks. What was there stays unless all of the new is good.
 * Throws FL_REGISTRY: the registry's fault, or the cache's, which can't be written.
 */
export async function pull(
  store: Store,
  reference: Reference,
  cache: string,
  architecture: string,
): Promise<Pulled> {
  const link = linkOf(cache, reference);
  const name = formatReference(reference);
  const wanted = wantedOf(reference);
  const held = await heldBy(link);
  if (held !== null) await touch(link);
  if (reference.digest !== undefined && held === reference.digest) return { digest: held, changed: false };
  const found = reference.digest ?? (await store.resolve(wanted))?.digest;
  if (found === undefined)
    throw registryError(
      name,
      '404, the registry has no such tag, or no such name for who asks; `flexilib push` makes it',
    );
  if (found === held) return { digest: found, changed: false };
  try {
    const artifact = artifactOf(cache, found);
    if (await isWhole(artifact)) await utimes(artifact, new Date(), new Date());
    else await fetchArtifact(store, found, artifact, architecture);
    if (held !== null) await setAside(artifactOf(cache, held));
    await point(link, artifact);
  } catch (error) {
    throw isSystemError(error) ? unwritable(cache, error) : error;
  }
  return { digest: found, changed: true };
}

/** What the link leads to, if that is there. */
async function heldBy(link: string): Promise<string | null> {
  const target = await readlink(link).catch(() => null);
  if (target === null || !(await isWhole(link))) return null;
  return basename(target).replace('-', ':');
}

const isWhole = async (artifact: string): Promise<boolean> =>
  (await stat(join(artifact, LIBRARY)).catch(() => null))?.isFile() ?? false;

async function fetchArtifact(
  store: Store,
  digest: string,
  artifact: string,
  architecture: string,
): Promise<void> {
  const { library, signature } = await findExecutor(store, digest, architecture);
  await mkdir(dirname(artifact), { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(dirname(artifact), TEMPORARY));
  try {
    await saveBlob(store, library, join(folder, LIBRARY));
    await checkMachine(store.name, join(folder, LIBRARY), architecture);
    if (signature) await saveBlob(store, signature, join(folder, SIGNATURE));
    await rename(folder, artifact).catch(async () => {
      if (await isWhole(artifact)) return; // another server was faster
      await rm(artifact, { recursive: true, force: true }); // somebody has taken something out of it
      await rename(folder, artifact);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In artifacts/, while it is filled. */
export const TEMPORARY = '.new-';

/** A build that this machine can't load would be the only one in the cache. */
async function checkMachine(where: string, path: string, architecture: string): Promise<void> {
  const file = await open(path);
  try {
    const head = Buffer.alloc(64);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    const found = architectureOf(head.subarray(0, bytesRead));
    if (found !== architecture)
      throw registryError(
        where,
        found === null
          ? 'its library is no ELF file'
          : `its library is for ${found}, this machine is ${architecture}`,
      );
  } finally {
    await file.close();
  }
}

/** From now on nobody may need it: what collects garbage counts the time from here. */
const setAside = (artifact: string): Promise<void> =>
  utimes(artifact, new Date(), new Date()).catch(() => {});

/** The link leads elsewhere from one moment to the next. */
async function point(link: string, artifact: string): Promise<void> {
  await mkdir(dirname(link), { recursive: true, mode: 0o700 });
  const fresh = join(await mkdtemp(join(dirname(link), TEMPORARY)), 'link');
  try {
    await symlink(relative(dirname(link), artifact), fresh);
    await rename(fresh, link);
  } finally {
    await rm(dirname(fresh), { recursive: true, force: true });
  }
}

/** It is still asked for. A cache that can't be written serves all the same. */
async function touch(link: string): Promise<void> {
  try {
    if (Date.now() - (await lstat(link)).mtimeMs > TOUCH_MS) await lutimes(link, new Date(), new Date());
  } catch {
    // It is for the collection of garbage alone.
  }
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string';

function unwritable(cache: string, error: NodeJS.ErrnoException): Error {
  const why =
    error.code === 'ENOSPC' || error.code === 'EDQUOT'
      ? 'the disk is full; make room'
      : `${error.message}; it must be a folder to write in`;
  return registryError(
    cache,
    `the cache can't be written: ${why}, or let FLEXILIB_CACHE_DIR name another`,
    error,
  );
}
