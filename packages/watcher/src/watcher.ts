import { createHints } from './hints.ts';
import { type Settled, settled } from './settle.ts';
import { sameWay, type Trail, walk } from './trail.ts';
import type { Watcher, WatcherOptions } from './types.ts';

// For what the file system doesn't tell: network file systems, watches that couldn't be had.
const SWEEP = 1000;

type Entry = {
  path: string;
  /** The hash last reported to the caller or made known by it, whichever came later. */
  last: string | null;
  /** What the caller said last that it holds. */
  held: string | null;
  /** The hash the file had when it last kept still. */
  seen: string | null;
  /** The file's id at that time; see look.ts. */
  id: string;
  points: Trail['points'];
  /** The problem the caller has been told of. */
  told: string | null;
  /** How many events were heard for this path, and how many of them have been looked into. */
  stirs: number;
  done: number;
  run: Promise<void> | null;
  stop: AbortController;
};

/** Makes a watcher. It keeps no process alive by itself. */
export function createWatcher({
  settle = 100,
  maxWait = 5000,
  onChange,
  onProblem,
}: WatcherOptions): Watcher {
  const entries = new Map<string, Entry>();
  const hints = createHints(onHint, (why) => {
    for (const entry of entries.values())
      tell(entry, `can't be watched, so it is looked at once a second: ${why}`);
  });
  let sweeper: NodeJS.Timeout | null = null;
  let closed = false;

  function onHint(point: string | null): void {
    for (const entry of entries.values()) {
      if (point === null) void check(entry);
      else if (entry.points.has(point)) stir(entry);
    }
  }

  /** Looks whether there is anything to look into. */
  async function check(entry: Entry): Promise<void> {
    const trail = await walk(entry.path);
    follow(entry, trail);
    if (trail.id !== entry.id && !entry.run) stir(entry);
  }

  function follow(entry: Entry, { points }: Trail): void {
    if (entry.stop.signal.aborted || sameWay(entry.points, points)) return;
    entry.points = points;
    aim();
  }

  function aim(): void {
    hints.listen(new Set([...entries.values()].flatMap(({ points }) => [...points.keys()])));
  }

  function stir(entry: Entry): void {
    if (entry.stop.signal.aborted) return;
    entry.stirs++;
    entry.run ??= run(entry);
  }

  async function run(entry: Entry): Promise<void> {
    const { signal } = entry.stop;
    try {
      while (entry.done < entry.stirs) {
        follow(entry, await walk(entry.path));
        const { found, heard } = await settled(entry.path, { settle, maxWait }, () => entry.stirs, signal);
        entry.done = heard;
        judge(entry, found);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      entry.run = null;
    }
  }

  function judge(entry: Entry, found: Settled): void {
    entry.id = found.id;
    if (found.kind === 'missing') {
      // A file that nobody has seen yet is no news; one that went away is, though what was loaded goes on.
      if (entry.last !== null) tell(entry, 'is gone');
    } else if (found.kind === 'problem') {
      tell(entry, found.message);
    } else {
      if (found.restless) tell(entry, `is still being written after ${maxWait} ms; it is taken as it is`);
      else entry.told = null;
      if (found.restless) entry.stirs++;
      entry.seen = found.hash;
      if (found.hash === entry.last) return;
      entry.last = found.hash;
      onChange(entry.path, found.hash);
    }
  }

  function tell(entry: Entry, message: string): void {
    if (entry.told === message) return;
    entry.told = message;
    onProblem(entry.path, message);
  }

  function known(path: string, hash: string): void {
    const entry = entries.get(path);
    // Said twice it is no news, so that a caller which repeats itself after a failed load gets no endless events.
    if (!entry || entry.held === hash) return;
    entry.held = hash;
    entry.last = hash;
    if (entry.seen !== hash) stir(entry);
  }

  function watch(path: string, hash: string | null): void {
    if (closed) throw new Error('the watcher is closed');
    if (entries.has(path)) {
      if (hash !== null) known(path, hash);
      return;
    }
    const entry: Entry = {
      path,
      last: hash,
      held: hash,
      seen: null,
      id: '',
      points: new Map(),
      told: null,
      stirs: 0,
      done: 0,
      run: null,
      stop: new AbortController(),
    };
    entries.set(path, entry);
    sweeper ??= setInterval(() => onHint(null), SWEEP).unref();
    stir(entry);
  }

  function unwatch(path: string): void {
    const entry = entries.get(path);
    if (!entry) return;
    entry.stop.abort();
    entries.delete(path);
    if (closed) return;
    aim();
    if (entries.size === 0 && sweeper) {
      clearInterval(sweeper);
      sweeper = null;
    }
  }

  async function close(): Promise<void> {
    closed = true;
    const runs = [...entries.values()].map(({ run }) => run);
    for (const path of [...entries.keys()]) unwatch(path);
    if (sweeper) clearInterval(sweeper);
    await Promise.allSettled([...runs, hints.close()]);
  }

  return { watch, known, unwatch, close };
}
