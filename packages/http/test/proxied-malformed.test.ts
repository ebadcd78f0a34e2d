// What is no request never reaches an upstream: nothing of it, or, where only its body is wrong, no end of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { doors } from './start.ts';
import { badBodies, either, illegal, unparsable } from './suite/no-requests.ts';
import type { Served } from './suite/served.ts';
import { head } from './suite/use-server.ts';
import { startTap, type Tap } from './tap.ts';

const heads = [...unparsable, ...illegal, ...either];

describe.each(doors)('%s', (_name, start) => {
  let tap: Tap;
  let server: Served;
  beforeAll(async () => {
    tap = await startTap(null);
    server = await start({ routes: `/ = http://127.0.0.1:${tap.port}\n` });
  });
  beforeEach(() => tap.clear());
  afterAll(async () => {
    await server.close(0);
    tap.close();
  });

  /** Sends it, and what would be a request behind it; it is refused, and the connection closed. */
  async function refused(request: string): Promise<void> {
    const client = await open(server.port);
    client.send(request).send(head('GET', '/echo?smuggled'));
    expect((await client.response()).status).toBe(400);
    expect(await client.closed()).toBe('');
  }

  it('sees a request that is one', async () => {
    const client = await open(server.port);
    client.send(head('GET', '/echo?fine'));
    await expect.poll(() => tap.requests.map(({ target }) => target)).toEqual(['/echo?fine']);
    client.reset();
  });

  it.each(heads)('%s: nothing of it', async (_what, request) => {
    await refused(request);
    expect(tap.requests).toEqual([]);
    expect(tap.parts()).toEqual([]);
  });

  it.each(heads)('%s, byte by byte: nothing of it', async (_what, request) => {
    const client = await open(server.port);
    for (const byte of request) {
      client.send(byte);
      await new Promise(setImmediate);
    }
    client.send(head('GET', '/echo?smuggled'));
    expect((await client.response()).status).toBe(400);
    expect(await client.closed()).toBe('');
    expect(tap.requests).toEqual([]);
    expect(tap.parts()).toEqual([]);
  });

  it.each(badBodies)('%s: no end of it', async (_what, request) => {
    await refused(request);
    expect(tap.requests).toEqual([]);
    // The connection is given up: what came of it can't become whole any more.
    await expect.poll(tap.held, { timeout: 5000 }).toBe(0);
    expect(tap.parts().filter((part) => /smuggled|\r\n0\r\n/.test(part))).toEqual([]);
  });
});
