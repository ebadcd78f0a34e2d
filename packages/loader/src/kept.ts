// Copies of builds that served, in a folder that outlives a process: the newest one («now-HASH»), and the one to go
// back to («before-HASH»). The newest is there because the process that replaces it may be one that never loaded it.
import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { copyFile, link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { make } from './run-directory.ts';

export interface KeptBuild {
  hash: string;
  file: string;
}

export interface Kept {
  /** The last good build before the newest, or null. */
  before(path: string): KeptBuild | null;
  /** The file's build serves, from this copy. isBad: of a hash; such a build isn't one to go back to. */
  serves(path: string, hash: string, copy: string, isBad: (hash: string) => boolean): Promise<void>;
  forget(path: string): void;
}

const NOW = 'now-';
const BEFORE = 'before-';

/** A short name for a path, for files in shared folders. */
export const keyOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 32);

/** folder: where they are kept; null keeps none. Throws nothing; onProblem: a build couldn't be kept. */
export function createKept(folder: string | null, onProblem: (path: string, error: Error) => void): Kept {
  let nextId = 0;

  async function serves(home: string, hash: string, fresh: string, isBad: (hash: string) => boolean) {
    const names = readdirSync(home);
    const isGood = (name: string, prefix: string) => {
      const found = name.slice(prefix.length);
      return name.startsWith(prefix) && found !== hash && !isBad(found);
    };
    const last = names.find((name) => isGood(name, NOW));
    const before = last ? last.replace(NOW, BEFORE) : names.find((name) => isGood(name, BEFORE));
    if (last && before) await move(join(home, last), join(home, before));
    await move(fresh, join(home, `${NOW}${hash}`));
    const stay = [last, before, `${NOW}${hash}`];
    for (const name of names) {
      if (/^(now|before)-/.test(name) && !stay.includes(name)) await rm(join(home, name), { force: true });
    }
  }

  return {
    before(path) {
      if (folder === null) return null;
      const home = join(folder, keyOf(path));
      const name = namesIn(home).find((each) => each.startsWith(BEFORE));
      return name ? { hash: name.slice(BEFORE.length), file: join(home, name) } : null;
    },
    async serves(path, hash, copy, isBad) {
      if (folder === null) return;
      const home = join(folder, keyOf(path));
      try {
        await make(home);
        const fresh = join(home, `new-${process.pid}-${nextId++}`);
        try {
          // A link costs nothing, but both must be on one file system.
          await link(copy, fresh).catch(() => copyFile(copy, fresh));
          await serves(home, hash, fresh, isBad);
        } finally {
          await rm(fresh, { force: true });
        }
      } catch (error) {
        onProblem(path, error as Error);
      }
    },
    forget(path) {
      try {
        if (folder !== null) rmSync(join(folder, keyOf(path)), { recursive: true, force: true });
      } catch (error) {
        onProblem(path, error as Error);
      }
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Another process may have moved it already. */
async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
