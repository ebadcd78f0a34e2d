import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ask, open } from '../client.ts';
import type { StartServer } from './served.ts';
import { countCalls, head, logged, useServer } from './use-server.ts';

/** Bytes of every value, not repeating with any power of two. */
function bytes(length: number): Buffer {
  const piece = Buffer.from(Array.from({ length: 251 }, (_, i) => i));
  return Buffer.alloc(length, piece);
}

function chunked(body: Buffer, sizes: number[], extension = '', trailers = ''): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    const piece = body.subarray(at, at + sizes[i % sizes.length]);
    pieces.push(Buffer.from(`${piece.length.toString(16)}${extension}\r\n`), piece, Buffer.from('\r\n'));
    at += piece.length;
  }
  return Buffer.concat([...pieces, Buffer.from(`0\r\n${trailers}\r\n`)]);
}

const hash = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** Bodies: how they arrive, how large they may be, and who reads those that nobody wants. */
export function bodies(start: StartServer): void {
  describe('up to 16 MiB', () => {
    const server = useServer(start);
    const sizes = [0, 1, 64 << 10, 1 << 20, 16 << 20];

    it.each(sizes)('takes %i bytes by content-length', async (size) => {
      const body = bytes(size);
      const request = Buffer.concat([Buffer.from(head('POST', '/echo', `Content-Length: ${size}`)), body]);
      expect(hash((await ask(server.port, request)).body)).toBe(hash(body));
    });

    it.each(sizes)('takes %i bytes in chunks', async (size) => {
      const body = bytes(size);
      const pieces = size > 1 << 16 ? [99_991, 1, 65_536] : [7, 1, 4099];
      const data = chunked(body, pieces, ';a=b;c="d e"', 'X-Trailer: a\r\nX-Other: b\r\n');
      const request = Buffer.concat([Buffer.from(head('POST', '/echo', 'Transfer-Encoding: chunked')), data]);
      expect(hash((await ask(server.port, request)).body)).toBe(hash(body));
    });

    it("doesn't mix trailers with fields", async () => {
      const data = chunked(Buffer.from('hello'), [2], '', 'X-Trailer: a\r\n');
      const request = Buffer.concat([
        Buffer.from(head('POST', '/describe', 'Transfer-Encoding: Chunked')),
        data,
      ]);
      const { body } = await ask(server.port, request);
      expect(body.toString()).toBe('POST /describe\nHost:a\nTransfer-Encoding:Chunked\n5 bytes\n');
    });

    it('refuses one byte more by its content-length alone, without a 100', async () => {
      const client = await open(server.port);
      client.send(head('POST', '/echo', `Content-Length: ${(16 << 20) + 1}`, 'Expect: 100-continue'));
      const { status, fields } = await client.response();
      expect([status, fields.at(-1)]).toEqual([413, ['connection', 'close']]);
      client.half();
      expect(await client.closed()).toBe('');
    });
  });

  describe('over the limit', () => {
    const server = useServer(start, { body: { max: 100_000 } });
    const request = head('POST', '/echo');
    const tooLarge =
      'HTTP/1.1 413 Payload Too Large\r\ncontent-type: text/plain\r\ncontent-length: 18\r\ndate: DATE\r\n' +
      'connection: close\r\n\r\nPayload Too Large\n';

    it.each([
      ['content-length', Buffer.from(head('POST', '/echo', 'Content-Length: 20000000')), bytes(20_000_000)],
      [
        'chunks',
        Buffer.from(head('POST', '/echo', 'Transfer-Encoding: chunked')),
        chunked(bytes(20_000_000), [60_000]),
      ],
    ])('tells it by %s to a client that sends all before it reads, and closes', async (_by, first, body) => {
      const before = await countCalls(server);
      server.access.length = 0;
      const client = await open(server.port, { paused: true });
      // More than kernels hold: what comes after the answer is still read.
      await new Promise((resolve) => client.send(first).socket.write(body, resolve));
      const received: Buffer[] = [];
      client.socket.on('data', (piece: Buffer) => received.push(piece)).end();
      await client.closed();
      expect(
        Buffer.concat(received)
          .toString()
          .replace(/date: .*/, 'date: DATE'),
      ).toBe(tooLarge);
      expect(await logged(server, 1)).toEqual([['POST /echo HTTP/1.1', 413]]);
      expect(server.access[0].ttlb).toBeLessThan(1000); // not the time that reading the rest takes
      expect(await countCalls(server)).toBe(before);
    });

    it('takes exactly the limit', async () => {
      const data = Buffer.from(head('POST', '/echo', 'Content-Length: 100000'));
      expect((await ask(server.port, Buffer.concat([data, bytes(100_000)]))).body).toHaveLength(100_000);
    });

    it("doesn't answer what follows", async () => {
      const before = await countCalls(server);
      const client = await open(server.port);
      client
        .send(head('POST', '/echo', 'Content-Length: 100001'))
        .send(bytes(100_001))
        .send(request.repeat(3));
      expect((await client.response()).status).toBe(413);
      expect(await client.closed()).toBe('');
      expect(await countCalls(server)).toBe(before);
    });
  });

  describe('after Expect', () => {
    const server = useServer(start, { body: { max: 1000 }, routes: '/echo = ./lib.so\n/count = ./lib.so' });
    const expecting = (target: string, length: number, what = '100-continue') =>
      head('POST', target, `Content-Length: ${length}`, `Expect: ${what}`);

    it('asks for the body, and goes on', async () => {
      const client = await open(server.port);
      for (let i = 0; i < 2; i++) {
        client.send(expecting('/echo', 5));
        expect(await client.interim()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
        expect((await client.send('hello').response()).body.toString()).toBe('hello');
      }
      client.half();
    });

    it.each([
      [413, expecting('/echo', 1001)],
      [404, expecting('/none', 5)],
      [417, expecting('/echo', 5, '200-ok')],
      [400, expecting('/echo', 5).replace('Host: a', 'Host: a b')],
    ])('refuses with %i at once, and closes: the client may leave the body out', async (status, request) => {
      const before = await countCalls(server);
      const client = await open(server.port);
      const answer = await client.send(request).response();
      expect([answer.status, answer.fields.at(-1)]).toEqual([status, ['connection', 'close']]);
      expect(await client.closed()).toBe('');
      expect(await countCalls(server)).toBe(before);
    });
  });

  describe('that nobody reads', () => {
    const server = useServer(start, { routes: '/count = ./lib.so' });
    const to404 = (length: number) =>
      Buffer.concat([Buffer.from(head('POST', '/none', `Content-Length: ${length}`)), bytes(length)]);

    it('are dropped up to 64 KiB, and the connection goes on', async () => {
      const client = await open(server.port);
      for (const length of [1, 65_536, 5])
        expect((await client.send(to404(length)).response()).status).toBe(404);
      expect((await client.send(head('GET', '/count')).response()).status).toBe(200);
      client.half();
    });

    it.each([
      ['longer', to404(65_537)],
      ['in chunks', Buffer.from(`${head('POST', '/none', 'Transfer-Encoding: chunked')}1\r\na\r\n0\r\n\r\n`)],
    ])('cost the connection when they are %s', async (_what, request) => {
      const client = await open(server.port);
      const { status, fields } = await client.send(request).send(head('GET', '/count')).response();
      expect([status, fields.at(-1)]).toEqual([404, ['connection', 'close']]);
      expect(await client.closed()).toBe('');
    });
  });
}
