import { existsSync, fstatSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { type FSWatcher, watch } from 'chokidar';
import { leadsBack } from '../build/links.ts';
import { say, sayError } from '../terminal.ts';

/** What builds make, at the top of a project; and what nobody compiles, anywhere. */
const built = /^(?:target|dist|zig-out|zig-pkg|build)$/;
const foreign = /^(?:\..*|node_modules)$/;
/** What editors, tools and libraries write: locks, backups, logs, objects, databases. */
const litter = /^\.|^#.*#$|~$|\.(?:sw[opx]|tmp|orig|rej|log|pid|o|a|so|d|(?:db|sqlite\d?)(?:-\w+)?)$|^4913$/;
/** A file that is gone again after this time was never a source: editors write beside and rename. */
const STAY_MS = 15;
/** chokidar drops what happens to a file within 50 ms after it has told of it, and says nothing later. */
const DEAF_MS = 60;
/** What is written sooner after a change was told is read by its build (PAUSE_MS in builds.ts, less a file system's tick). */
const READ_MS = 10;
/** How often a folder is looked for that is gone. */
const LOOK_MS = 500;

export interface Sources {
  close(): Promise<void>;
}

/**
 * Hears of files that were written, made or removed in a project's folder; of all at once when the folder was gone and is
 * back. Settles once it listens. What can't be watched is told in the terminal.
 */
export async function watchSources(folder: string, onChange: (file: string) => void): Promise<Sources> {
  const known = new Set<string>();
  const told = new Set<string>();
  let watcher: FSWatcher;
  let looking: NodeJS.Timeout | undefined;
  const tell = (path: string) => onChange(relative(folder, path).split(sep).join('/') || '.');

  function change(path: string): void {
    tell(path);
    const told = Date.now();
    const before = modified(path);
    setTimeout(() => {
      const now = modified(path);
      if (now !== before && now > told + READ_MS) change(path);
    }, DEAF_MS);
  }

  function add(path: string): void {
    setTimeout(() => {
      if (!existsSync(path)) return;
      known.add(path);
      change(path);
    }, STAY_MS);
  }

  function onError(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined || told.has(code)) return;
    told.add(code);
    const hint = code === 'ENOSPC' ? '; `sysctl fs.inotify.max_user_watches` is too low' : '';
    sayError(`${folder} can't be watched whole, so not every save is seen: ${message}${hint}`);
  }

  async function begin(): Promise<void> {
    let ready = false;
    watcher = watch(folder, {
      ignored: (path, stats) => isIgnored(folder, path, stats),
      ignorePermissionErrors: true,
    });
    watcher.on('change', change);
    watcher.on('add', (path) => {
      if (ready) add(path);
      else known.add(path);
    });
    watcher.on('unlink', (path) => {
      if (known.delete(path)) tell(path);
    });
    watcher.on('unlinkDir', (path) => {
      if (path === folder) lookForIt();
    });
    await new Promise<void>((resolve) => {
      watcher.on('ready', resolve);
      watcher.on('error', (error) => {
        onError(error);
        resolve();
      });
    });
    ready = true;
  }

  function lookForIt(): void {
    say(`${folder} is gone; nothing is built until it is back`);
    void watcher.close();
    known.clear();
    looking = setInterval(async () => {
      if (!existsSync(folder)) return;
      clearInterval(looking);
      await begin();
      tell(folder);
    }, LOOK_MS);
  }

  await begin();
  return {
    async close() {
      clearInterval(looking);
      await watcher.close();
    },
  };
}

/** Milliseconds since the epoch; 0: it is gone. */
const modified = (path: string) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

function isIgnored(folder: string, path: string, stats?: Stats): boolean {
  if (path === folder) return false;
  const name = basename(path);
  if (leadsBack(path)) return true;
  if (stats?.isFile()) return litter.test(name) || isOurs(stats);
  // https://bford.info/cachedir: cargo marks its target folder, whatever its name is.
  const isBuilt = (built.test(name) && dirname(path) === folder) || existsSync(join(path, 'CACHEDIR.TAG'));
  return foreign.test(name) || isBuilt;
}

/** `npm run dev > out.txt`: what this process writes is no change. */
function isOurs({ dev, ino }: Stats): boolean {
  return [1, 2].some((fd) => {
    const stream = fstatSync(fd);
    return stream.dev === dev && stream.ino === ino;
  });
}
