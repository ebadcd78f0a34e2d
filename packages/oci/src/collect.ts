// What the cache doesn't need any more: artifacts that no link leads to, and links that nobody has asked for in a long time.
import { lstat, readdir, readlink, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { TEMPORARY } from './pull.ts';

/** A library that is being read when the link moves must still be there. */
const ASIDE_MS = 60_000;
/** Nothing takes so long to be filled: a process that did was killed. */
const FILLED_MS = 60 * 60_000;
const UNASKED_MS = 30 * 24 * 60 * 60_000;
const DEPTH_MAX = 130; // a name has at most 255 characters

/** Never throws: what can't be removed now is another time. Safe beside others that use the cache. */
export async function collectGarbage(cache: string, now: number = Date.now()): Promise<void> {
  const needed = new Set<string>();
  await visit(join(cache, 'refs'), 0);
  const artifacts = join(cache, 'artifacts');
  for (const name of await list(artifacts)) {
    const limit = name.startsWith(TEMPORARY) ? FILLED_MS : ASIDE_MS;
    const path = join(artifacts, name);
    if (!needed.has(name) && (await ageOf(path, now)) > limit)
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }

  async function visit(folder: string, depth: number): Promise<void> {
    for (const name of depth > DEPTH_MAX ? [] : await list(folder)) {
      const path = join(folder, name);
      const target = await readlink(path).catch(() => null);
      if (name.startsWith(TEMPORARY)) {
        if ((await ageOf(path, now)) > FILLED_MS)
          await rm(path, { recursive: true, force: true }).catch(() => {});
      } else if (target === null) {
        await visit(path, depth + 1);
        if ((await ageOf(path, now)) > FILLED_MS) await rmdir(path).catch(() => {}); // if it is empty
      } else if ((await ageOf(path, now)) > UNASKED_MS) await rm(path, { force: true }).catch(() => {});
      else needed.add(basename(target));
    }
  }
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);

/** Milliseconds; 0: it is gone, or not to be seen. */
async function ageOf(path: string, now: number): Promise<number> {
  const stats = await lstat(path).catch(() => null);
  return stats ? now - stats.mtimeMs : 0;
}
