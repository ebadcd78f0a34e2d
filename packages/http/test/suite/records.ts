import { expect, it } from 'vitest';
import { open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, logged, useServer } from './use-server.ts';

/** Each request gets one record, which tells the truth. */
export function records(start: StartServer): void {
  const server = useServer(start, { routes: '/ = ./lib.so\n[/]\ntimeout = 300ms\n' });

  it('tells who asked what, and what became of it', async () => {
    const client = await open(server.port);
    const before = performance.now();
    for (const request of [
      head('GET', '/sleep/50?a=b'),
      head('HEAD', '/big/100000'),
      head('GET', '/sleep/400'),
    ]) {
      await client.send(request).response({ head: request.startsWith('HEAD') });
    }
    await client.send('?\r\n\r\n').response();
    const took = performance.now() - before;
    expect(await client.closed()).toBe('');
    expect(await logged(server, 4)).toEqual([
      ['GET /sleep/50?a=b HTTP/1.1', 200],
      ['HEAD /big/100000 HTTP/1.1', 200],
      ['GET /sleep/400 HTTP/1.1', 504],
      [null, 400],
    ]);
    const [slept, big, late, refused] = server.access;
    for (const { peer, ttfb, ttlb } of server.access) {
      expect(peer).toBe(`127.0.0.1:${client.socket.localPort}`);
      expect(ttfb).toBeGreaterThanOrEqual(0);
      expect(ttlb).toBeGreaterThanOrEqual(ttfb);
      expect(ttlb).toBeLessThan(took);
    }
    expect(slept.ttfb).toBeGreaterThanOrEqual(50);
    expect(late.ttfb).toBeGreaterThanOrEqual(299);
    expect([slept.bytes, big.bytes, late.bytes, refused.bytes]).toEqual([14, 0, 16, 12]);
    expect(big.alloc).toBeGreaterThanOrEqual(100_000);
    expect(slept.preAlloc).toBeGreaterThanOrEqual(8192);
    expect([late.preAlloc, late.alloc, refused.preAlloc, refused.alloc]).toEqual([0, 0, 0, 0]);
  });
}
