import type { Executor, Generation } from '@flexilib/loader';
import type { Call, Runtime } from '@flexilib/native';
import type { Group, UpstreamSpec } from '@flexilib/proxy';
import type { Pace } from './pace.ts';
import type { Reply } from './reply.ts';

/** Where a request goes. */
export type ServedRoute = LibraryRoute | UpstreamRoute | ReturnRoute;

export interface LibraryRoute {
  readonly kind: 'library';
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

export interface UpstreamRoute {
  readonly kind: 'upstream';
  readonly spec: UpstreamSpec;
  readonly group: Group;
  /** Its requests under way, and how many there may be. */
  calls: number;
  readonly maxCalls: number;
}

/** An answer of the configuration's own. */
export interface ReturnRoute {
  readonly kind: 'return';
  /** head: a call whose head is set. */
  reply(head: Call, headOnly: boolean): Reply;
}

/** What serves at one time; a request keeps the table that it started with. */
export interface RouteTable {
  /** The route of a call whose head is set, or undefined. */
  find(call: Call): ServedRoute | undefined;
}

/** The route decides, else the library: only their authors know that it never blocks. */
export function isInline({ run }: LibraryRoute, { library }: Generation): boolean {
  return run === undefined ? library.nonblocking : run === 'inline';
}

/** Whether another call may go to the pool: maxQueue may wait for a thread, of all routes. */
export function hasRoom(route: LibraryRoute, runtime: Runtime, maxQueue: number): boolean {
  return route.calls < route.maxCalls && runtime.pending < runtime.threads + maxQueue;
}
