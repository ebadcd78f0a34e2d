// Clients that take nothing, and the end of the server, while answers of upstreams are on their way.
import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { open, theValue } from '../client.ts';
import { answerOf, startUpstream } from '../upstream.ts';
import type { StartServer } from './served.ts';
import { useProxy } from './use-proxy.ts';
import { head, logged } from './use-server.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const ways: [way: string, request: string][] = [
  ['GET', head('GET', '/x')],
  ['POST in chunks', `${head('POST', '/x', CHUNKED)}2\r\nhi\r\n0\r\n\r\n`],
];

export function proxyEnd(start: StartServer): void {
  describe('a client that takes nothing', () => {
    const proxy = useProxy(start, { limits: { send: 400 } });

    it.each(ways)('is cut, and so is the upstream: %s', async (_way, request) => {
      const { server, upstream } = proxy;
      let cut = () => {};
      const isCut = new Promise<void>((resolve) => {
        cut = resolve;
      });
      upstream.onRequest = (socket) => {
        socket.once('close', cut);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${100 << 20}\r\n\r\n`);
        socket.write(Buffer.alloc(100 << 20));
      };
      const client = await open(server.port, { paused: true });
      client.send(request);
      await isCut;
      expect((await logged(server, 1)).map(([, status]) => status)).toEqual([499]);
      client.reset();
    });
  });

  describe('the end of the server', () => {
    it.each(ways)('waits for an answer, which is the last of its connection: %s', async (_way, request) => {
      const upstream = await startUpstream();
      let answer = () => {};
      upstream.onRequest = (socket) => {
        answer = () => void socket.write(answerOf('late'));
      };
      const server = await start({ routes: `/ = ${upstream.url}` });
      const client = await open(server.port);
      client.send(request);
      await expect.poll(() => upstream.requests.length).toBe(1);
      const closed = server.close(20_000);
      answer();
      const { body, ...rest } = await client.message();
      expect([body.toString(), theValue(rest, 'connection')]).toEqual(['late', 'close']);
      expect(await client.closed()).toBe('');
      await closed;
      await upstream.close();
    });

    it.each(ways)(
      'lets an answer that has begun go on, and cuts it after the grace: %s',
      async (_way, request) => {
        const upstream = await startUpstream();
        const opened = new Promise<(piece: string) => void>((resolve) => {
          upstream.onRequest = (socket) => {
            socket.write(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n`);
            resolve((piece) => void socket.write(piece));
          };
        });
        const server = await start({ routes: `/ = ${upstream.url}` });
        const client = await open(server.port);
        await client.send(request).interim();
        const write = await opened;
        const begun = performance.now();
        const closed = server.close(600);
        write('2\r\nhi\r\n');
        expect(await client.bytes(7)).toBe('2\r\nhi\r\n');
        expect(await client.closed()).toBe('');
        await closed;
        expect(performance.now() - begun).toBeGreaterThanOrEqual(590);
        const { calls, inFlight } = server.held();
        expect([calls, inFlight]).toEqual([0, 0]);
        await upstream.close();
      },
    );

    it.each(ways)('ends a connection whose answer had begun before: %s', async (_way, request) => {
      const upstream = await startUpstream();
      const opened = new Promise<(piece: string) => void>((resolve) => {
        upstream.onRequest = (socket) => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha');
          resolve((piece) => void socket.write(piece));
        };
      });
      const server = await start({ routes: `/ = ${upstream.url}` });
      const client = await open(server.port);
      await client.send(request).interim();
      const write = await opened;
      const closed = server.close(20_000);
      write('lf');
      expect(await client.closed()).toBe('half');
      await closed;
      await upstream.close();
    });
  });
}
