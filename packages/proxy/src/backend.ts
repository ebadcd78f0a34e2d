import type { Backend } from './group.ts';
import { hashText } from './hash.ts';
import { type Addresses, createAddresses } from './resolve.ts';
import type { UpstreamTarget } from './spec.ts';

/**
 * A backend as its group sees it. Times are monotonic milliseconds. A class, since V8 looks the fields of a literal with a
 * getter up in a hash table, and each request reads them.
 */
export class State implements Backend {
  readonly target: UpstreamTarget;
  readonly name: string;
  active = 0;
  readonly resolver: Addresses;

  // Of balance.ts.
  /** Those with the lowest have the request; see health.ts. */
  rank = 0;
  /** Its share of now, which grows to the target's in a slow start. */
  weight: number;
  /** Of smooth weighted round-robin. */
  credit = 0;
  /** Its own number in hashes, the same as long as it is in the configuration. */
  readonly seed: number;

  // Of health.ts.
  /** Failures since it answered last. */
  failures = 0;
  /** They were too many, but it is the last. */
  failing = false;
  /** It was taken out, and has its next chance then. */
  out = false;
  until = 0;
  /** How often it was taken out without an answer in between. */
  ejections = 0;
  /** Requests that it has had although it is out. */
  probes = 0;
  /** Active checks say so. */
  down = false;
  /** When its slow start began; 0: there is none. */
  backAt = 0;

  /** seen: how many backends before it have the same URL. */
  constructor(target: UpstreamTarget, seen: number) {
    this.target = target;
    this.name = nameOf(target);
    this.resolver = createAddresses(target);
    this.weight = target.weight;
    this.seed = hashText(`${target.url} ${seen}`);
  }

  get addresses(): readonly string[] {
    return this.resolver.list;
  }

  resolve(): Promise<readonly string[]> {
    return this.resolver.resolve();
  }
}

/** Neither failed requests nor failed checks have taken it out. */
export function isWell({ out, down }: State): boolean {
  return !out && !down;
}

function nameOf({ socket, host, port }: UpstreamTarget): string {
  if (socket !== null) return `unix:${socket}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
