// An executor is a library's path and, over time, the generations that were built there: born on the first request,
// replaced when the bytes change, gone when no route names it any more.
import { FlexilibError } from '@flexilib/native';
import type { Generation } from './generation.ts';

/** After a failure the next request that comes later than this tries again; until then they fail at once. */
const RETRY_MS = 1000;

export interface Executor {
  /** Absolute. */
  readonly path: string;
  /** The generation that serves, or null before the first one. */
  readonly current: Generation | null;
  /**
   * The generation for one request, already retained: release it when the answer is complete. Waits for the first
   * load, which all requests share; rejects with its FlexilibError.
   */
  acquire(): Generation | Promise<Generation>;
  /** The file may have changed: loads it if its bytes are new. Never rejects; the outcome is in the log. */
  refresh(): Promise<void>;
  /** No route needs it any more: unloads it when its calls are out. */
  retire(): Promise<void>;
}

export interface ExecutorOptions {
  path: string;
  /** Loads the file's present bytes as the given generation; null: they are those of the hash. */
  load(number: number, servedHash: string | null): Promise<Generation | null>;
  /** A load failed; serving: the generation that goes on. Not repeated for the same failure. */
  onFailed(error: FlexilibError, serving: Generation | null): void;
}

export function createExecutor(options: ExecutorOptions): Executor {
  let current: Generation | null = null;
  let loading: Promise<void> | null = null;
  let again = false;
  let failure: FlexilibError | null = null;
  let failedAt = 0;
  let count = 0;
  let retired = false;
  const leaving = new Set<Promise<void>>();

  function bury(generation: Generation): void {
    generation.retire();
    leaving.add(generation.gone);
    generation.gone.then(() => leaving.delete(generation.gone));
  }

  async function loadOnce(): Promise<void> {
    try {
      const next = await options.load(count + 1, current?.hash ?? null);
      failure = null;
      if (!next) return;
      count += 1;
      const previous = current;
      current = next; // the switch: whoever asks from here on gets the new one
      if (previous) bury(previous);
    } catch (error) {
      const known = failure?.message;
      failure =
        error instanceof FlexilibError
          ? error
          : new FlexilibError('FL_STAGING', String(error), { cause: error });
      failedAt = performance.now();
      if (known !== failure.message) options.onFailed(failure, current);
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

  async function acquireLater(): Promise<Generation> {
    if (!loading && failure && performance.now() - failedAt < RETRY_MS) throw failure;
    await (loading ?? load());
    if (!current) throw failure;
    current.retain();
    return current;
  }

  return {
    path: options.path,
    get current() {
      return current;
    },
    acquire() {
      if (!current) return acquireLater();
      current.retain();
      return current;
    },
    refresh: () => (retired ? Promise.resolve() : load()),
    async retire() {
      retired = true;
      await loading; // those who wait for it are served first
      if (current) bury(current);
      await Promise.all(leaving);
    },
  };
}
