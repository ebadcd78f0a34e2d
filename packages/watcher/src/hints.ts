import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export type Hints = {
  /** From now on, listen at these paths and no others. */
  listen(points: ReadonlySet<string>): void;
  close(): void;
};

export type Hearing = {
  /** Something happened at a point. */
  onHint(point: string): void;
  /** A new set of points is listened at; what happened while it was taken up may have been missed. */
  onReady(): void;
  onDeaf(why: string): void;
};

/**
 * Listens to the file system, in the directory of each point for the point's name. Hints may be missing or
 * superfluous: they only say when to look.
 */
export function createHints({ onHint, onReady, onDeaf }: Hearing): Hints {
  let wanted: ReadonlySet<string> | null = null;
  let watchers: FSWatcher[] = [];

  // New ones each time, also for the same paths, since a watch holds on to a directory's inode, not to its name.
  function change(): void {
    const points = wanted;
    if (points === null) return;
    wanted = null;
    const before = watchers;
    watchers = [];
    for (const [directory, names] of byDirectory(points)) {
      try {
        watchers.push(start(directory, names));
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (!UNHEARD.has(code ?? '')) onDeaf(message);
      }
    }
    for (const watcher of before) watcher.close();
    if (points.size > 0) onReady();
  }

  function start(directory: string, names: ReadonlySet<string>): FSWatcher {
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      for (const known of name === null ? names : [name]) {
        if (names.has(known)) onHint(join(directory, known));
      }
    });
    watcher.on('error', (error) => onDeaf(error.message));
    return watcher;
  }

  return {
    listen(points) {
      if (wanted === null) setImmediate(change).unref();
      wanted = points;
    },
    close() {
      wanted = null;
      for (const watcher of watchers) watcher.close();
      watchers = [];
    },
  };
}

/** The directory went away meanwhile, which is heard in its own, or it may be passed through but not listened to. */
const UNHEARD = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM']);

function byDirectory(points: ReadonlySet<string>): Map<string, Set<string>> {
  const directories = new Map<string, Set<string>>();
  for (const point of points) {
    const names = directories.get(dirname(point));
    if (names) names.add(basename(point));
    else directories.set(dirname(point), new Set([basename(point)]));
  }
  return directories;
}
