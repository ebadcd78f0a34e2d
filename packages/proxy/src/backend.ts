import type { Backend } from './group.ts';
import { hashText } from './hash.ts';
import { type Addresses, createAddresses } from './resolve.ts';
import type { UpstreamTarget } from './spec.ts';

/** A backend as its group sees it. Times are monotonic milliseconds. */
export interface State extends Backend {
  active: number;
  readonly resolver: Addresses;

  // Of balance.ts.
  /** Those with the lowest have the request; see health.ts. */
  rank: number;
  /** Its share of now, which grows to the target's in a slow start. */
  weight: number;
  /** Of smooth weighted round-robin. */
  credit: number;
  /** Its own number in hashes, the same as long as it is in the configuration. */
  readonly seed: number;

  // Of health.ts.
  /** Failures since it answered last. */
  failures: number;
  /** They were too many, but it is the last. */
  failing: boolean;
  /** It was taken out, and has its next chance then. */
  out: boolean;
  until: number;
  /** How often it was taken out without an answer in between. */
  ejections: number;
  /** Requests that it has had although it is out. */
  probes: number;
  /** Active checks say so. */
  down: boolean;
  /** When its slow start began; 0: there is none. */
  backAt: number;
}

/** seen: how many backends before it have the same URL. */
export function createBackend(target: UpstreamTarget, seen: number): State {
  const resolver = createAddresses(target);
  return {
    target,
    name: nameOf(target),
    active: 0,
    resolver,
    get addresses() {
      return resolver.list;
    },
    resolve: resolver.resolve,
    rank: 0,
    weight: target.weight,
    credit: 0,
    seed: hashText(`${target.url} ${seen}`),
    failures: 0,
    failing: false,
    out: false,
    until: 0,
    ejections: 0,
    probes: 0,
    down: false,
    backAt: 0,
  };
}

/** Neither failed requests nor failed checks have taken it out. */
export function isWell({ out, down }: State): boolean {
  return !out && !down;
}

function nameOf({ socket, host, port }: UpstreamTarget): string {
  if (socket !== null) return `unix:${socket}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
