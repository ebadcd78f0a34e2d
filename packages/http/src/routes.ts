import type { Executor } from '@flexilib/loader';
import type { Call } from '@flexilib/native';

/** Where a request goes. */
export interface ServedRoute {
  readonly executor: Executor;
  /** Milliseconds from dispatch to the executor's return. */
  readonly timeout: number;
  /** Where calls run; undefined leaves it to the library (flexilib_nonblocking). */
  readonly run: 'pool' | 'inline' | undefined;
}

/** What serves at one time; a request keeps the table that it started with. */
export interface RouteTable {
  /** The route of a call whose head is set, or undefined. */
  find(call: Call): ServedRoute | undefined;
}
