// Copies of builds that served, in a folder that outlives a process: the newest one («now-HASH»), and the one to go
// back to («before-HASH»), each with what verified it («signature-HASH»). The newest is there because the process that replaces it may be one that never loaded it.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, link, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isOwn, make } from './run-directory.ts';

export interface KeptBuild {
  hash: string;
  file: string;
  /** What it was kept with. */
  signature: string | null;
}

export interface ServingBuild {
  hash: string;
  /** Where its bytes are. */
  path: string;
  /** To be kept with it; null leaves what is kept. */
  signature: string | null;
}

export interface Kept {
  /** The last good build before the newest, or null. */
  before(path: string): KeptBuild | null;
  /** The file's build serves, from this copy. isBad: of a hash; such a build isn't one to go back to. */
  serves(path: string, build: ServingBuild, isBad: (hash: string) => boolean): Promise<void>;
  forget(path: string): void;
}

const NOW = 'now-';
const BEFORE = 'before-';
const SIGNATURE = 'signature-';

/** A short name for a path, for files in shared folders. */
export const keyOf = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 32);

/** folder: where they are kept, in the run directory; null keeps none. Throws nothing; onProblem: a build couldn't be kept. */
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
      if (name.startsWith(SIGNATURE) && !stay.some((build) => build && hashOf(build) === hashOf(name)))
        await rm(join(home, name), { force: true });
    }
  }

  return {
    before(path) {
      if (folder === null || !isOwn(dirname(folder))) return null;
      const home = join(folder, keyOf(path));
      const name = namesIn(home).find((each) => each.startsWith(BEFORE));
      if (!name) return null;
      const hash = hashOf(name);
      return { hash, file: join(home, name), signature: textOf(join(home, `${SIGNATURE}${hash}`)) };
    },
    async serves(path, { hash, path: copy, signature }, isBad) {
      if (folder === null) return;
      const home = join(folder, keyOf(path));
      try {
        if (!isOwn(dirname(folder))) throw new Error(`${dirname(folder)} is gone, or another user's`);
        await make(home);
        const fresh = join(home, `new-${process.pid}-${nextId++}`);
        try {
          // A link costs nothing, but both must be on one file system.
          await link(copy, fresh).catch(() => copyFile(copy, fresh));
          if (signature !== null)
            await replace(join(home, `${SIGNATURE}${hash}`), signature, `${fresh}-text`);
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

const hashOf = (name: string): string => name.slice(name.indexOf('-') + 1);

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

async function replace(file: string, text: string, part: string): Promise<void> {
  await writeFile(part, text);
  await rename(part, file);
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
