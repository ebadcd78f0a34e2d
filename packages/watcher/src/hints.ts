import { type FSWatcher, watch } from 'chokidar';

export type Hints = {
  /** From now on, listen at these paths and no others. */
  listen(points: ReadonlySet<string>): void;
  close(): Promise<void>;
};

export type Hearing = {
  /** Something happened at a point. */
  onHint(point: string): void;
  /** A new set of points is listened at; what happened while it was taken up may have been missed. */
  onReady(): void;
  onDeaf(why: string): void;
};

/**
 * Listens to the file system through chokidar. Hints may be missing or superfluous: chokidar is no witness, it only
 * says when to look.
 */
export function createHints({ onHint, onReady, onDeaf }: Hearing): Hints {
  let wanted: ReadonlySet<string> = new Set();
  let active = wanted;
  let watcher: FSWatcher | null = null;
  let changing: Promise<void> | null = null;

  // A new one each time, since chokidar holds on to a directory's inode, not its name: when a directory has been
  // replaced, only closing everything that knows the old one makes it see the new one.
  async function change(): Promise<void> {
    while (active !== wanted) {
      active = wanted;
      await watcher?.close().catch(() => {});
      watcher = active.size > 0 && active === wanted ? start(active) : null;
    }
    changing = null;
  }

  function start(points: ReadonlySet<string>): FSWatcher {
    const started = watch([...points], {
      persistent: false,
      ignoreInitial: true,
      ignorePermissionErrors: true,
      atomic: false,
      depth: 0,
      // Each link is a point of its own, and so is what it leads to; followed, a swapped link can go unnoticed.
      followSymlinks: false,
      ignored: (path) => !points.has(path),
    });
    started.on('all', (_event, path) => onHint(path));
    started.on('error', (error) => onDeaf(error instanceof Error ? error.message : String(error)));
    started.on('ready', () => onReady());
    return started;
  }

  return {
    listen(points) {
      wanted = points;
      changing ??= change();
    },
    close() {
      wanted = new Set();
      changing ??= change();
      return changing;
    },
  };
}
