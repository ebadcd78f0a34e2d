// The backends of a route: which one has the next request.
import type { Balance, UpstreamTarget } from './spec.ts';

/** What became of a try, for the backend's health. */
export type Outcome =
  /** It answered. */
  | 'ok'
  /** Refused, unresolvable, reset, too slow, or no HTTP. */
  | 'failed'
  /** The client went first, or the request was never sent. */
  | 'unknown';

export interface Backend {
  readonly target: UpstreamTarget;
  /** «10.0.0.7:80», «unix:/run/app.sock»: for the log. */
  readonly name: string;
  /** Requests that are with it now, of both ways. */
  readonly active: number;
  /** Numeric addresses of its host, best first; empty until resolve has settled once, and of a Unix socket. */
  readonly addresses: readonly string[];
  /** Looks its host up, unless that was done a moment ago. Rejects when there is no address and never was one. */
  resolve(): Promise<readonly string[]>;
}

/** Main thread only. Nothing here throws but where it is said. */
export interface Group {
  readonly backends: readonly Backend[];
  readonly balance: Balance;
  /**
   * The backend for a try, which counts as active until end. hash: of what the balance asks for, of the others it is
   * ignored. tried: those that have failed this request, which are taken only when there is no other. null: the circuit
   * is open, or there is nothing left. Allocates nothing.
   */
  begin(hash: number, tried: readonly Backend[]): Backend | null;
  /**
   * The head of its answer is here: a backend that is out, or a circuit that is open, need not wait for the end of a long
   * body or of an upgraded connection to know that it answers. Once at most, and end still follows.
   */
  answered(backend: Backend): void;
  /** The try is over. Once for each begin. why: of a failed one, in a few words, for the log. */
  end(backend: Backend, outcome: Outcome, why?: string): void;
  /** Seconds after which another request makes sense when begin gave null. */
  readonly retryAfter: number;
  /** Stops checks and timers; tries under way may still end. */
  close(): void;
}
