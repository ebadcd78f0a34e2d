// An executor is a library's path and, over time, the generations that were built there: born on the first request,
// replaced when the bytes change or it crashes too often, gone when no route names it any more.
import { FlexilibError, monotonicNow } from '@flexilib/native';
import { outError } from './explain.ts';
import type { Generation } from './generation.ts';
import type { Served, Verdict } from './judge.ts';

/** After a failure the next request that comes later than this tries again; until then they fail at once. */
const RETRY_MS = 1000;
/** A build that the system had no room for is tried again by itself: after this time, twice that and so on. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 30_000;

/** What came of a look at the file. */
export interface Refreshed {
  /** Another generation serves than before. */
  fresh: boolean;
  /** Why not, when the file's bytes can't serve. */
  failure: FlexilibError | null;
}

export interface Executor {
  /** Absolute. */
  readonly path: string;
  /** The generation that serves, or null before the first one and while the library is out. */
  readonly current: Generation | null;
  /** Whole seconds, at least 1, after which it is worth asking again when acquire has rejected. */
  readonly retryAfter: number;
  /**
   * The generation for one request, already retained: release it when the answer is complete. Waits for the first
   * load, which all requests share; rejects with its FlexilibError, at once with FL_LIBRARY_OUT while it is out.
   */
  acquire(): Generation | Promise<Generation>;
  /** A call of the generation has crashed; to be told once a call. Never throws. */
  crashed(generation: Generation): void;
  /** The file may have changed: loads it if its bytes are new. Never rejects. */
  refresh(): Promise<Refreshed>;
  /** No route needs it any more: unloads it when its calls are out. */
  retire(): Promise<void>;
}

export interface ExecutorOptions {
  path: string;
  /** Loads what is to serve now as the given generation; null: it serves already; a verdict: nothing is to. */
  load(number: number, serving: Generation | null): Promise<Generation | Verdict | null>;
  /** What follows from a crash; before: what served before it. */
  judge(serving: Generation, before: Served | null): Verdict | null;
  /** A load failed; serving: the generation that goes on. Not repeated for the same failure. */
  onFailed(error: FlexilibError, serving: Generation | null): void;
}

export function createExecutor(options: ExecutorOptions): Executor {
  let current: Generation | null = null;
  let loading: Promise<void> | null = null;
  let again = false;
  let failure: FlexilibError | null = null;
  let failedAt = 0;
  let outUntil = 0;
  let before: Served | null = null;
  let count = 0;
  let retired = false;
  let patience = AGAIN_MS;
  let later: NodeJS.Timeout | undefined;
  const leaving = new Set<Promise<void>>();

  function bury(generation: Generation): void {
    generation.retire();
    leaving.add(generation.gone);
    generation.gone.then(() => leaving.delete(generation.gone));
  }

  function drop(): void {
    if (current) bury(current);
    current = null;
  }

  function loadLater(): void {
    later = setTimeout(load, patience).unref();
    patience = Math.min(2 * patience, AGAIN_MAX_MS);
  }

  async function loadOnce(): Promise<void> {
    clearTimeout(later);
    try {
      const next = await options.load(count + 1, current);
      failure = null;
      patience = AGAIN_MS;
      if (!next) return;
      if ('until' in next) {
        if (next.hash === current?.hash) drop();
        if (!current) outUntil = next.until ?? 0;
        return;
      }
      count += 1;
      const previous = current;
      current = next; // the switch: whoever asks from here on gets the new one
      outUntil = 0;
      if (!previous) return;
      before = { number: previous.number, hash: previous.hash, since: previous.since };
      bury(previous);
    } catch (error) {
      const known = failure?.message;
      failure =
        error instanceof FlexilibError
          ? error
          : new FlexilibError('FL_STAGING', String(error), { cause: error });
      failedAt = performance.now();
      if (known !== failure.message) options.onFailed(failure, current);
      if (failure.code === 'FL_STAGING' && current && !retired) loadLater(); // without one, requests do it
    }
  }

  function load(): Promise<void> {
    again = loading !== null;
    loading ??= (async () => {
      do {
        again = false;
        await loadOnce();
      } while (again && !retired);
      loading = null;
    })();
    return loading;
  }

  const retryAfter = () => Math.max(1, Math.ceil((outUntil - monotonicNow()) / 1000));

  async function acquireLater(): Promise<Generation> {
    if (outUntil > monotonicNow()) throw outError(options.path, retryAfter());
    if (!loading && failure && performance.now() - failedAt < RETRY_MS) throw failure;
    await (loading ?? load());
    if (!current) throw failure ?? outError(options.path, retryAfter());
    current.retain();
    return current;
  }

  return {
    path: options.path,
    get current() {
      return current;
    },
    get retryAfter() {
      return retryAfter();
    },
    acquire() {
      if (!current) return acquireLater();
      current.retain();
      return current;
    },
    crashed(generation) {
      if (generation !== current || retired) return; // it was decided already
      const verdict = options.judge(generation, before);
      if (!verdict) return;
      drop();
      if (verdict.until === null) load();
      else outUntil = verdict.until;
    },
    async refresh() {
      const before = current;
      if (!retired) await load();
      return { fresh: current !== before, failure };
    },
    async retire() {
      retired = true;
      clearTimeout(later);
      await loading; // those who wait for it are served first
      if (current) bury(current);
      await Promise.all(leaving);
    },
  };
}
