import { type WatchedFile, watchFile } from './file.ts';
import { createHints } from './hints.ts';
import type { Watcher, WatcherOptions } from './types.ts';

// For what the file system doesn't tell: network file systems, watches that couldn't be had.
const SWEEP = 1000;

/** Makes a watcher. It keeps no process alive by itself. */
export function createWatcher({
  settle = 100,
  maxWait = 5000,
  onChange,
  onProblem,
}: WatcherOptions): Watcher {
  const files = new Map<string, WatchedFile>();
  const hints = createHints({ onHint, onReady, onDeaf });
  let sweeper: NodeJS.Timeout | undefined;
  let closed = false;

  function onHint(point: string): void {
    for (const file of files.values()) if (file.points().has(point)) file.stir();
  }

  // Between two sets of points nobody listened.
  function onReady(): void {
    for (const file of files.values()) void file.check();
  }

  function onDeaf(why: string): void {
    for (const file of files.values())
      file.tell(`can't be watched, so it is looked at once a second: ${why}`);
  }

  function sweep(): void {
    for (const file of files.values()) void file.glance();
  }

  function aim(): void {
    hints.listen(new Set([...files.values()].flatMap((file) => [...file.points().keys()])));
  }

  return {
    watch(path, hash) {
      if (closed) throw new Error('the watcher is closed');
      const file = files.get(path);
      if (file && hash !== null) file.known(hash);
      if (file) return;
      const reports = {
        onChange: (found: string) => onChange(path, found),
        onProblem: (message: string) => onProblem(path, message),
        onWay: aim,
      };
      files.set(path, watchFile(path, hash, { settle, maxWait }, reports));
      sweeper ??= setInterval(sweep, SWEEP).unref();
    },

    known(path, hash) {
      files.get(path)?.known(hash);
    },

    unwatch(path) {
      void files.get(path)?.stop();
      if (!files.delete(path)) return;
      aim();
      if (files.size > 0) return;
      clearInterval(sweeper);
      sweeper = undefined;
    },

    async close() {
      closed = true;
      clearInterval(sweeper);
      const ends = [...files.values()].map((file) => file.stop());
      files.clear();
      await Promise.allSettled([...ends, hints.close()]);
    },
  };
}
