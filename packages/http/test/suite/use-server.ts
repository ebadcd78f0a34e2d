import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { ask } from '../client.ts';
import type { Served, ServeOptions, StartServer } from './served.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };

/**
 * A server for the cases of this describe, which see it through the object given. After each case it must hold
 * nothing: a call, a generation or a body's bytes that stay are a leak.
 */
export function useServer(start: StartServer, options?: ServeOptions): Served {
  const server = {} as Served;
  beforeAll(async () => {
    Object.assign(server, await start(options));
  });
  beforeEach(() => {
    server.access.length = 0;
    server.faults.length = 0;
  });
  afterEach(() => expect.poll(server.held, { timeout: 10_000 }).toEqual(nothing));
  afterAll(() => server.close(0));
  return server;
}

/** A head of HTTP/1.1 with a Host and these field lines. */
export function head(method: string, target: string, ...fields: string[]): string {
  return `${[`${method} ${target} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
}

/** How often the executor was called since it was loaded. */
export async function countCalls({ port }: Served): Promise<number> {
  return Number.parseInt((await ask(port, head('GET', '/count'))).body.toString(), 10);
}

/** Waits for the records of the log, and gives what they say of each request. */
export async function logged(
  server: Served,
  count: number,
): Promise<[line: string | null, status: number][]> {
  await expect.poll(() => server.access.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(count);
  return server.access.map(({ requestLine, status }) => [requestLine, status]);
}
