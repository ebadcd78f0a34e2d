// Active health checks: a request of our own to each backend, over and over.
import type { State } from './backend.ts';
import { check } from './check.ts';
import type { Health } from './health.ts';
import type { UpstreamSpec } from './spec.ts';

/** Results in a row that change a backend's state; the first of all decides alone. */
const IN_A_ROW = 2;
/** How much an interval differs from what was asked for, so that many backends aren't checked at the same time. */
const JITTER = 0.1;

/** Begins to check the backends of a group. Gives what ends it. Its timers hold no process up. */
export function startChecks(
  spec: UpstreamSpec,
  path: string,
  backends: readonly State[],
  health: Health,
): () => void {
  const closing = new AbortController();
  const { signal } = closing;
  for (const backend of backends) {
    const onResult = judge(backend, health);
    repeat(spec.options.health_interval, signal, async () => {
      const problem = await check(spec, path, backend, signal);
      if (!signal.aborted) onResult(problem);
    });
  }
  return () => closing.abort();
}

/** What one result after the other means; null: it is well. */
function judge(backend: State, health: Health): (problem: string | null) => void {
  let first = true;
  /** Results in a row that differ from what it is taken for. */
  let row = 0;
  return (problem) => {
    const down = problem !== null;
    row = down === backend.down ? 0 : row + 1;
    if (row >= (first ? 1 : IN_A_ROW)) {
      const checks = first
        ? 'its first health check failed'
        : `${row} health checks in a row failed, the last`;
      health.checked(backend, down, `${checks}: ${problem}`);
      row = 0;
    }
    first = false;
  };
}

/** Runs at once and again when the interval is over, but never two at a time. run must not throw. */
function repeat(interval: number, signal: AbortSignal, run: () => Promise<void>): void {
  let timer = setTimeout(next, Math.random() * JITTER * interval).unref();
  signal.addEventListener('abort', () => clearTimeout(timer));

  async function next(): Promise<void> {
    await run();
    if (signal.aborted) return;
    timer = setTimeout(next, interval * (1 - JITTER + 2 * JITTER * Math.random())).unref();
  }
}
