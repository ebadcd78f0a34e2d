// Requests on one connection: answered in order, one after the other, whole or in pieces.
import { Buffer } from 'node:buffer';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { open } from '../client.ts';
import type { StartServer } from './served.ts';
import { countCalls, head, logged, useServer } from './use-server.ts';

export function order(start: StartServer): void {
  describe('pipelining', () => {
    const server = useServer(start);

    it.each([1, 2, 16, 17, 100])('%i deep, mixed with bodies, is answered in order', async (depth) => {
      const client = await open(server.port);
      const requests = Array.from({ length: depth }, (_, i) => {
        const body = 'b'.repeat(i * 10);
        if (i % 3 === 0) return head('GET', `/${i}`);
        if (i % 3 === 1) return head('POST', `/${i}`, `Content-Length: ${body.length}`) + body;
        return `${head('POST', `/${i}`, 'Transfer-Encoding: chunked')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
      });
      client.send(requests.join(''));
      for (let i = 0; i < depth; i++) expect((await client.response()).body.toString()).toBe(`/${i}\n`);
      client.half();
      expect(await client.closed()).toBe('');
    });

    it('runs the requests of a connection one after the other', async () => {
      const client = await open(server.port);
      const begun = performance.now();
      client.send(head('GET', '/sleep/60').repeat(4));
      for (let i = 0; i < 4; i++) await client.response();
      expect(performance.now() - begun).toBeGreaterThanOrEqual(240);
      client.half();
    });

    it('doesn’t take in what a client sends without reading', async () => {
      const before = await countCalls(server);
      const client = await open(server.port, { paused: true });
      const requests = 5000;
      client.send(head('GET', '/big/100000').repeat(requests));
      await sleep(500);
      const taken = server.access.length;
      await sleep(300);
      expect(server.access.length).toBeLessThanOrEqual(taken + 1);
      expect(taken).toBeLessThan(requests / 10);
      expect(server.held().calls).toBeLessThanOrEqual(1);
      client.reset();
      expect(await countCalls(server)).toBeLessThan(before + requests / 10);
    });

    it('doesn’t read far ahead of a slow executor, and answers all when it is read', async () => {
      const client = await open(server.port);
      const many = 4000; // of 8 KB each: more than kernels hold
      client.send(head('GET', '/sleep/2500') + head('GET', '/echo', `X: ${'a'.repeat(8000)}`).repeat(many));
      await sleep(600);
      expect(client.socket.writableLength).toBeGreaterThan(0);
      expect((await client.response()).body.toString()).toBe('/sleep/2500\n');
      for (let i = 0; i < many; i++) await client.response();
      expect(client.socket.writableLength).toBe(0);
      client.half();
    });

    it.each([3, 20])('doesn’t call executors for a client that has gone, %i deep', async (depth) => {
      const before = await countCalls(server);
      server.access.length = 0;
      const client = await open(server.port);
      client.send(head('GET', '/sleep/500').repeat(depth));
      await sleep(150);
      client.reset();
      await logged(server, 1);
      expect(await countCalls(server)).toBe(before + 1);
      // The others had not begun.
      expect((await logged(server, 2)).map(([, status]) => status)).toEqual([499, 200]);
    });

    it('answers what is whole before the error that follows', async () => {
      const client = await open(server.port);
      client.send(`${head('GET', '/sleep/50')}${head('GET', '/2')}BAD BAD BAD\r\n\r\n`);
      expect((await client.response()).body.toString()).toBe('/sleep/50\n');
      expect((await client.response()).body.toString()).toBe('/2\n');
      expect((await client.response()).status).toBe(400);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 3)).toEqual([
        ['GET /sleep/50 HTTP/1.1', 200],
        ['GET /2 HTTP/1.1', 200],
        [null, 400],
      ]);
    });
  });

  describe('pieces', () => {
    const server = useServer(start);
    const request = `${head('POST', '/echo', 'X-A: b', 'Content-Length: 5')}hello`;

    it('may be cut anywhere', async () => {
      const client = await open(server.port);
      for (let cut = 1; cut < request.length; cut++) {
        client.send(request.slice(0, cut));
        await new Promise((resolve) => setImmediate(resolve));
        client.send(request.slice(cut));
        expect((await client.response()).body.toString()).toBe('hello');
      }
      client.half();
    });

    it('may be single bytes', async () => {
      const client = await open(server.port);
      for (const byte of Buffer.from(request)) {
        client.send(Buffer.from([byte]));
        await sleep(1);
      }
      expect((await client.response()).body.toString()).toBe('hello');
      client.half();
    });
  });

  describe('a client that ends its side', () => {
    const server = useServer(start);

    it.each([1, 2, 20])('is answered, %i deep', async (depth) => {
      const client = await open(server.port, { allowHalfOpen: true });
      client.send(Array.from({ length: depth }, (_, i) => head('GET', `/sleep/${20 + i}`)).join('')).half();
      for (let i = 0; i < depth; i++)
        expect((await client.response()).body.toString()).toBe(`/sleep/${20 + i}\n`);
      expect(await client.closed()).toBe('');
    });

    it.each([
      ['in the head', 'GET / HTTP/1.1\r\nHos', null],
      ['in the body', `${head('POST', '/echo', 'Content-Length: 10')}half`, 'POST /echo HTTP/1.1'],
      ['in a chunk', `${head('POST', '/echo', 'Transfer-Encoding: chunked')}5\r\nhe`, 'POST /echo HTTP/1.1'],
    ])('%s gets 400', async (_where, bytes, line) => {
      const client = await open(server.port, { allowHalfOpen: true });
      expect((await client.send(bytes).half().response()).status).toBe(400);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([[line, 400]]);
    });

    it('and has asked nothing is not answered', async () => {
      const client = await open(server.port, { allowHalfOpen: true });
      expect(await client.half().closed()).toBe('');
      expect(server.access).toEqual([]);
    });
  });
}
