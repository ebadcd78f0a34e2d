import type { Executor, Generation } from '@flexilib/loader';
import type { Call, Runtime } from '@flexilib/native';
import type { Pace } from './pace.ts';

/** Where a request goes. */
export interface ServedRoute {
  readonly executor: Executor;
  /** Milliseconds from dispatch to the executor's return. */
  readonly timeout: number;
  /** Where calls run; undefined leaves it to the library (flexilib_nonblocking). */
  readonly run: 'pool' | 'inline' | undefined;
  /** Of its calls on the pool. */
  readonly pace: Pace;
  /** Its calls on the pool, waiting or inside, and how many there may be. */
  calls: number;
  readonly maxCalls: number;
}

/** What serves at one time; a request keeps the table that it started with. */
export interface RouteTable {
  /** The route of a call whose head is set, or undefined. */
  find(call: Call): ServedRoute | undefined;
}

/** The route decides, else the library: only their authors know that it never blocks. */
export function isInline({ run }: ServedRoute, { library }: Generation): boolean {
  return run === undefined ? library.nonblocking : run === 'inline';
}

/** Whether another call may go to the pool: maxQueue may wait for a thread, of all routes. */
export function hasRoom(route: ServedRoute, runtime: Runtime, maxQueue: number): boolean {
  return route.calls < route.maxCalls && runtime.pending < runtime.threads + maxQueue;
}
