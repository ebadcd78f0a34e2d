import { lookAt } from './look.ts';
import { type Patience, type Settled, settled } from './settle.ts';
import { sameWay, type Trail, walk } from './trail.ts';

/** One watched file. */
export type WatchedFile = {
  /** The paths at which something has to happen for this file to change; see trail.ts. */
  points(): Trail;
  /** Something may have happened: waits until it has settled, then reports what is to be reported. */
  stir(): void;
  /** Stirs if the file isn't what it was when it settled last; one system call. */
  glance(): Promise<void>;
  /** The same, after the way to the file was walked anew. */
  check(): Promise<void>;
  known(hash: string): void;
  tell(message: string): void;
  /** Nothing is reported from now on; resolves when nothing is under way any more. */
  stop(): Promise<void>;
};

export type Reports = {
  onChange(hash: string): void;
  onProblem(message: string): void;
  /** The way to the file is another one now. */
  onWay(): void;
};

/** Begins to watch; `hash` is that of the bytes the caller holds, null for none. */
export function watchFile(
  path: string,
  hash: string | null,
  patience: Patience,
  { onChange, onProblem, onWay }: Reports,
): WatchedFile {
  /** What was last reported to the caller or made known by it, whichever came later. */
  let last = hash;
  /** What the caller said last that it holds. */
  let held = hash;
  /** The file's hash and id when it last settled. */
  let seen: string | null = null;
  let id = '';
  /** The problem the caller was told of. */
  let told: string | null = null;
  let points: Trail = new Map();
  /** How many events were heard, and how many of them have been looked into. */
  let stirs = 0;
  let done = 0;
  let running: Promise<void> | null = null;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function run(): Promise<void> {
    try {
      while (done < stirs) {
        await follow();
        const { found, heard } = await settled(path, patience, () => stirs, signal);
        done = heard;
        judge(found);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      running = null;
    }
  }

  async function follow(): Promise<void> {
    const now = await walk(path);
    if (signal.aborted || sameWay(points, now)) return;
    points = now;
    onWay();
  }

  function judge(found: Settled): void {
    id = found.id;
    if (found.kind === 'missing') {
      // A file that nobody has seen yet is no news; one that went away is, though what was loaded goes on.
      if (last !== null)
        tell('is gone; what was loaded goes on; put it back, or mend its path where it is named');
    } else if (found.kind === 'problem') {
      id = ''; // it may pass without a trace in the file: the next look tries again
      tell(found.message);
    } else {
      if (found.restless) {
        stirs++; // it has to be waited for again, whether anything more is heard or not
        tell(`is still being written after ${patience.maxWait} ms; it is taken as it is`);
      } else {
        told = null;
      }
      seen = found.hash;
      if (seen === last) return;
      last = seen;
      onChange(seen);
    }
  }

  function tell(message: string): void {
    if (told === message) return;
    told = message;
    onProblem(message);
  }

  function stir(): void {
    if (signal.aborted) return;
    stirs++;
    running ??= run();
  }

  async function glance(): Promise<void> {
    const look = await lookAt(path);
    if (look.id !== id && !running) stir();
  }

  stir();
  return {
    points: () => points,
    stir,
    glance,
    async check() {
      await follow();
      await glance();
    },
    known(hash) {
      // Said twice it is no news, so that a caller which repeats itself after a failed load gets no endless events.
      if (held === hash) return;
      held = hash;
      last = hash;
      if (seen !== hash) stir();
    },
    tell,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
