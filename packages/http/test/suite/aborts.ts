// Clients that go at each stage: nothing leaks, and the server goes on.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { head, logged, useServer } from './use-server.ts';

export function aborts(start: StartServer): void {
  describe('a client that goes', () => {
    const server = useServer(start, { routes: '/slow = ./slow.so\n/ = ./lib.so' }); // looks for leaks after each case

    it.each([
      ['in the head', 'GET / HT', 0],
      ['in the body', `${head('POST', '/echo', 'Content-Length: 100')}half`, 0],
      ['in a chunk', `${head('POST', '/echo', 'Transfer-Encoding: chunked')}5\r\nhe`, 0],
      ['while the executor runs', head('GET', '/sleep/40'), 20],
      ['while the answer is sent', head('GET', '/big/50000000'), 30],
      ['while the last answer is sent', head('GET', '/big/50000000', 'Connection: close'), 30],
    ])('%s leaks nothing, a hundred times', async (_when, bytes, delay) => {
      await Promise.all(
        Array.from({ length: bytes.includes('big') ? 5 : 100 }, async () => {
          const client = await open(server.port, { paused: true });
          client.send(bytes);
          await sleep(delay);
          client.reset();
        }),
      );
      await expect.poll(server.held, { timeout: 20_000 }).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
      expect((await ask(server.port, head('GET', '/fine'))).body.toString()).toBe('/fine\n');
    });

    it.each([
      ['in the body', 'POST /echo HTTP/1.1', `${head('POST', '/echo', 'Content-Length: 100')}half`],
      ['while the executor runs', 'GET /sleep/500 HTTP/1.1', head('GET', '/sleep/500')],
      ['while the answer is sent', 'GET /big/50000000 HTTP/1.1', head('GET', '/big/50000000')],
      [
        'while the last answer is sent',
        'GET /big/40000000 HTTP/1.1',
        head('GET', '/big/40000000', 'Connection: close'),
      ],
      ['while it loads', 'POST /slow HTTP/1.1', `${head('POST', '/slow', 'Content-Length: 100')}half`],
    ])('%s is logged with 499', async (_when, line, bytes) => {
      const client = await open(server.port, { paused: true });
      client.send(bytes);
      await sleep(200);
      client.reset();
      expect(await logged(server, 1)).toEqual([[line, 499]]);
      expect(server.access[0].bytes).toBe(0);
    });
  });
}
