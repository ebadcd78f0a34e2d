import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { type Asked, answerOf, startUpstream, type Upstream } from '../upstream.ts';
import type { Served, ServeOptions, StartServer } from './served.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };

export interface ProxyOptions extends Omit<ServeOptions, 'routes'> {
  /** Upstreams of the route. */
  count?: number;
  /** Lines of proxy.ini about the route `/`. */
  options?: string[];
  /** Words after each upstream: `weight=2`, `backup`. */
  attributes?: string[];
}

export interface Proxy {
  server: Served;
  /** The first one. */
  upstream: Upstream;
  upstreams: Upstream[];
}

/**
 * A server whose only route goes to upstreams, for the cases of this describe; before each of them the upstreams have
 * forgotten everything and say hello. After it nothing may be held, as with useServer.
 */
export function useProxy(
  start: StartServer,
  { count = 1, options = [], attributes = [], ...served }: ProxyOptions = {},
): Proxy {
  const proxy = {} as Proxy;
  beforeAll(async () => {
    proxy.upstreams = await Promise.all(Array.from({ length: count }, () => startUpstream()));
    [proxy.upstream] = proxy.upstreams;
    const targets = proxy.upstreams.map(({ url }, i) => `${url} ${attributes[i] ?? ''}`).join(' ');
    const routes = `/ = ${targets}\n[/]\n${options.join('\n')}\n`;
    proxy.server = await start({ ...served, routes });
  });
  beforeEach(() => {
    proxy.server.access.length = 0;
    proxy.server.faults.length = 0;
    for (const upstream of proxy.upstreams) {
      upstream.requests.length = 0;
      upstream.onRequest = (socket) => void socket.write(answerOf('hello'));
      upstream.onHead = null;
    }
  });
  afterEach(() => {
    const held = () => {
      proxy.server.trim(); // memory that the next answer would be read into
      return proxy.server.held();
    };
    return expect.poll(held, { timeout: 10_000 }).toEqual(nothing);
  });
  afterAll(async () => {
    await proxy.server.close(0);
    await Promise.all(proxy.upstreams.map((upstream) => upstream.close()));
  });
  return proxy;
}

/** The values of the fields with this name. */
export function valuesOf({ fields }: Pick<Asked, 'fields'>, name: string): string[] {
  return fields.filter(([other]) => other.toLowerCase() === name).map(([, value]) => value);
}
