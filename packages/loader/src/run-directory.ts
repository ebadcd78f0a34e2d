// Where private copies of libraries live: $FLEXILIB_RUN_DIR, else $RUNTIME_DIRECTORY (systemd.exec(5)), else the
// system's temporary folder; in it, one folder a process, held by a lock that ends with the process. Where several
// processes make up one server, $FLEXILIB_SHARED_DIR is the folder of all of them, and theirs are in there.
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readlink, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { tryLock } from '@flexilib/native';

const PREFIX = 'flexilib-';
/** As mkdtemp(3) makes it. */
const NAME = /^flexilib-\w{6}$/;
const LOCK = 'lock';

export interface RunDirectory {
  /** null: none can be written to, and copies must live in memory (memfd_create(2)). */
  readonly path: string | null;
  /** What all processes of this server share; a process that replaces this one finds it again. null where path is. */
  readonly shared: string | null;
  /** Why path is null. */
  readonly problem: string | null;
  /** The descriptor that holds the lock. */
  readonly lock: number | null;
  /** Removes it. */
  close(): Promise<void>;
}

/** Makes this process's folder (mode 0700), and removes those of processes that are gone. Never rejects. */
export async function openRunDirectory(env: NodeJS.ProcessEnv = process.env): Promise<RunDirectory> {
  const shared = env.FLEXILIB_SHARED_DIR || null;
  const base = shared ?? runDirectoryBase(env);
  try {
    await make(base);
    if (shared !== null && !isOwn(shared)) throw new Error(`${shared} is another user's`);
    await clean(base);
    for (;;) {
      const path = await mkdtemp(join(base, PREFIX));
      const fd = lock(path, constants.O_CREAT);
      if (fd === null) continue; // a cleaner was faster
      for (const name of ['health', 'kept']) await make(join(shared ?? path, name));
      return {
        path,
        shared: shared ?? path,
        problem: null,
        lock: fd,
        async close() {
          if (isOwn(path)) await removeRunDirectory(path);
          closeSync(fd);
        },
      };
    }
  } catch (error) {
    const problem = (error as Error).message;
    return { path: null, shared: null, problem, lock: null, close: async () => {} };
  }
}

/** Where servers have their run directories. */
function runDirectoryBase(env: NodeJS.ProcessEnv): string {
  return env.FLEXILIB_RUN_DIR || env.RUNTIME_DIRECTORY?.split(':')[0] || tmpdir();
}

/** The run directories of servers that run now, of this user. */
export async function runningDirectories(env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const base = runDirectoryBase(env);
  const running: string[] = [];
  const names = await readdir(base).catch(() => []); // where there is no folder no server runs
  for (const name of names) {
    const path = join(base, name);
    try {
      if (!NAME.test(name) || !isOurs(path)) continue;
      const fd = openSync(join(path, LOCK), constants.O_RDWR);
      if (!tryLock(fd)) running.push(path);
      closeSync(fd);
    } catch {
      // It is gone by now, or someone else's.
    }
  }
  return running;
}

/** Not recursive: Node's mkdir -p never ends where a file system refuses with ENOENT, as /proc does. */
export async function make(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
}

/** Remembers in the run directory that a copy lies elsewhere, so that a successor can remove it. */
export const BESIDE = '.beside';

/** The folder's lock, or null when someone else has it, or it went away meanwhile. */
function lock(path: string, flags: number): number | null {
  let fd: number;
  try {
    fd = openSync(join(path, LOCK), constants.O_RDWR | flags, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  if (tryLock(fd) && fstatSync(fd).nlink > 0) return fd;
  closeSync(fd);
  return null;
}

/** Whether it is a folder that a server of this user may have made. */
const isOurs = (path: string): boolean => NAME.test(basename(path)) && isOwn(path);

/**
 * Whether there is a folder of this user's. What cleans temporary files takes a run directory away that was long unused, and then
 * another user can make one of its name.
 */
export function isOwn(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.geteuid?.();
}

async function clean(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const path = join(base, name);
    try {
      if (!NAME.test(name) || !isOurs(path)) continue;
      const fd = lock(path, 0);
      // Without a lock it isn't known whose it is: only an empty one goes, of a process that ended as it started.
      if (fd === null) await rmdir(path);
      else {
        await removeRunDirectory(path);
        closeSync(fd);
      }
    } catch {
      // Another process cleans too, or it isn't ours to remove.
    }
  }
}

async function removeRunDirectory(path: string): Promise<void> {
  for (const name of await readdir(path)) {
    if (name.endsWith(BESIDE)) await rm(await readlink(join(path, name)), { force: true });
  }
  await rm(path, { recursive: true, force: true });
}
