import type { Backend } from './group.ts';
import { hashText } from './hash.ts';
import { type Addresses, createAddresses } from './resolve.ts';
import type { UpstreamTarget } from './spec.ts';

/** A backend as its group sees it. */
export interface State extends Backend {
  active: number;
  /** See balance.ts; lower is better, never: it can't have the request at all. */
  rank: number;
  /** Its share of now, which grows to the target's in a slow start. */
  weight: number;
  /** Of smooth weighted round-robin. */
  credit: number;
  /** Its own number in hashes, the same as long as it is in the configuration. */
  readonly seed: number;
  readonly resolver: Addresses;
}

/** seen: how many backends before it have the same URL. */
export function createBackend(target: UpstreamTarget, seen: number): State {
  const resolver = createAddresses(target);
  return {
    target,
    name: nameOf(target),
    active: 0,
    rank: 0,
    weight: target.weight,
    credit: 0,
    seed: hashText(`${target.url} ${seen}`),
    resolver,
    get addresses() {
      return resolver.list;
    },
    resolve: resolver.resolve,
  };
}

function nameOf({ socket, host, port }: UpstreamTarget): string {
  if (socket !== null) return `unix:${socket}`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
