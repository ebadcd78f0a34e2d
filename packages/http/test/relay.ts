// What the tests of the fast way to upstreams share: a server, upstreams, and the check that nothing stays.
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import type { ServeOptions } from './suite/served.ts';
import { answerOf, startUpstream, type Upstream } from './upstream.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };

export interface Relayed {
  server: EdgeServed;
  /** The first one. */
  upstream: Upstream;
  upstreams: Upstream[];
  /** Requests have gone another way: not handed over is what all others are. */
  foreign: number;
}

export interface RelayOptions extends Omit<ServeOptions, 'routes'> {
  /** How many upstreams. */
  count?: number;
  /** proxy.ini, of the URLs of the upstreams; «/» goes to all of them by default. */
  routes?(urls: string[]): string;
}

/** A server for the cases of this describe; after each of them nothing is held, and none was handed over but as said. */
export function useRelay({ count = 1, routes, ...options }: RelayOptions = {}): Relayed {
  const relayed = {} as Relayed;
  let before = 0;
  beforeAll(async () => {
    relayed.upstreams = await Promise.all(Array.from({ length: count }, () => startUpstream()));
    [relayed.upstream] = relayed.upstreams;
    const urls = relayed.upstreams.map(({ url }) => url);
    const text = routes?.(urls) ?? `/ = ${urls.join(' ')}\n`;
    relayed.server = await startEdgeDoor({ ...options, routes: text });
  });
  beforeEach(() => {
    relayed.server.access.length = 0;
    relayed.server.faults.length = 0;
    relayed.foreign = 0;
    before = relayed.server.edge().handedOver;
    for (const upstream of relayed.upstreams) {
      upstream.requests.length = 0;
      upstream.onRequest = (socket) => void socket.write(answerOf('hello'));
      upstream.onHead = null;
    }
  });
  afterEach(async () => {
    const held = () => {
      relayed.server.trim();
      return relayed.server.held();
    };
    await expect.poll(held, { timeout: 10_000 }).toEqual(nothing);
    expect(relayed.server.edge().handedOver - before).toBe(relayed.foreign);
    expect(relayed.server.faults.filter((text) => text.includes('.ts:'))).toEqual([]);
  });
  afterAll(async () => {
    await relayed.server.close(1000);
    const left = () =>
      relayed.upstreams.flatMap(({ connections }) => connections.filter(({ closed }) => !closed));
    await vi.waitUntil(() => left().length === 0, { timeout: 10_000 });
    await Promise.all(relayed.upstreams.map((upstream) => upstream.close()));
  });
  return relayed;
}
