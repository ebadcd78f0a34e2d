import type { AccessRecord, LineSink } from '../../src/access.ts';
import type { Door, Limits } from '../../src/index.ts';

/** What a case may ask of its server. Times are generous unless it sets them. */
export interface ServeOptions {
  limits?: Partial<Limits>;
  body?: { max?: number; timeout?: number };
  maxQueue?: number;
  maxConnections?: number;
  /** Instead of the libraries that routes name. */
  library?: string;
  /** Crashes count against the library, which has to be given; the one of all cases crashes on purpose. */
  health?: boolean;
  /** Instead of the access records. */
  log?: LineSink;
  /** Whose Forwarded and X-Forwarded-* count. */
  trusted?: string[];
  /** proxy.ini, with upstreams too; ./lib.so is the test's executor, ./slow.so takes a second to load, ./none.so isn't there. */
  routes?: string;
}

/** A server that runs, and what can be seen of it from behind. */
export interface Served {
  port: number;
  threads: number;
  access: AccessRecord[];
  faults: string[];
  /** Whom each of them names. */
  faulty: string[];
  /** What requests hold at this moment, at upstreams too; all zero when none is under way. */
  held(): { calls: number; inFlight: number; bytes: number };
  /** As the server does when it is quiet. */
  trim(): void;
  close(grace?: number): Promise<void>;
  readonly door: Door;
}

/** A way to start a server: each door has one, and all pass the same suite. */
export type StartServer = (options?: ServeOptions) => Promise<Served>;
