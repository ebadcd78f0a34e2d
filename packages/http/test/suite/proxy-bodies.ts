// Bodies through the proxy: how large, how slow, how much of them is held, and who has a copy.
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ask, open, theValue } from '../client.ts';
import { answerOf, startUpstream, type Upstream } from '../upstream.ts';
import type { Served, StartServer } from './served.ts';
import { useProxy, valuesOf } from './use-proxy.ts';
import { head, logged } from './use-server.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const chunk = (length: number): string => `${length.toString(16)}\r\n${'b'.repeat(length)}\r\n`;
const inChunks = (target: string, length: number): string =>
  `${head('POST', target, CHUNKED)}${chunk(length)}0\r\n\r\n`;
const byLength = (target: string, length: number): string =>
  head('POST', target, `Content-Length: ${length}`) + 'b'.repeat(length);
const MIB = 1 << 20;

/** Settles when a number has stayed the same for a while. */
async function settled(value: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = value();
    if (now === last && now > 0) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

export function proxyBodies(start: StartServer): void {
  describe('that are too large', () => {
    const proxy = useProxy(start, { options: ['max_body = 100k', 'retries = 0'] });

    it('by their length get 413, and nothing goes to the upstream', async () => {
      const { server, upstream } = proxy;
      const answer = await (await open(server.port)).send(byLength('/', 102_401)).message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([413, 'close']);
      const expecting = head('POST', '/', 'Content-Length: 102401', 'Expect: 100-continue');
      expect((await (await open(server.port)).send(expecting).message()).status).toBe(413);
      expect(upstream.requests).toEqual([]);
    });

    it('in chunks get 413, and the upstream’s connection is cut', async () => {
      const { server, upstream } = proxy;
      let ended = false;
      upstream.onHead = (socket) => {
        socket.resume().once('end', () => {
          ended = true;
        });
      };
      const client = await open(server.port);
      for (let i = 0; i < 11; i++) client.send(i === 0 ? head('POST', '/', CHUNKED) : chunk(10_240));
      client.send(chunk(1)).send('0\r\n\r\n');
      const answer = await client.message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([413, 'close']);
      await expect.poll(() => ended).toBe(true);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([['POST / HTTP/1.1', 413]]);
      expect(server.faults).toEqual([]); // it was the client’s fault
    });

    it('are not when they are exactly as large as they may be', async () => {
      const { server, upstream } = proxy;
      for (const request of [byLength('/', 102_400), inChunks('/', 102_400)])
        expect((await ask(server.port, request)).status).toBe(200);
      expect(upstream.requests.map(({ body }) => body.length)).toEqual([102_400, 102_400]);
    });
  });

  describe('that are slow', () => {
    const proxy = useProxy(start, {
      body: { timeout: 300 },
      options: ['retries = 0', 'head_timeout = 800ms'],
    });

    it.each([
      ['by length', `${head('POST', '/', 'Content-Length: 5')}he`],
      ['in chunks', `${head('POST', '/', CHUNKED)}2\r\nhe\r\n`],
    ])('get 408: %s', async (_how, request) => {
      const { server } = proxy;
      const client = await open(server.port);
      expect((await client.send(request).message()).status).toBe(408);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([['POST / HTTP/1.1', 408]]);
    });

    it('may take longer than the head of an answer as long as they go on', async () => {
      const { server } = proxy;
      const client = await open(server.port);
      client.send(head('POST', '/', CHUNKED));
      for (let i = 0; i < 10; i++) {
        client.send(chunk(1));
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
      expect((await client.send('0\r\n\r\n').message()).status).toBe(200);
      client.half();
    });

    it.each([
      ['by length', `${head('POST', '/', 'Content-Length: 5')}he`],
      ['in chunks', `${head('POST', '/', CHUNKED)}2\r\nhe`],
    ])('get 400 when their client ends them early: %s', async (_how, request) => {
      const client = await open(proxy.server.port, { allowHalfOpen: true });
      expect((await client.send(request).half().message()).status).toBe(400);
      expect(await client.closed()).toBe('');
    });

    it('are waited for while the upstream hasn’t asked for them, and no longer', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket) => {
        setTimeout(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 500);
      };
      const client = await open(server.port);
      client.send(head('POST', '/', 'Content-Length: 5', 'Expect: 100-continue'));
      expect(await client.interim()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      expect((await client.message()).status).toBe(408);
      expect(await client.closed()).toBe('');
    });

    it('get 400 when their framing breaks', async () => {
      const client = await open(proxy.server.port);
      client.send(`${head('POST', '/', CHUNKED)}2\r\nhi\r\n`);
      await expect.poll(() => proxy.server.held().inFlight).toBe(1);
      expect((await client.send('zz\r\n').message()).status).toBe(400);
      expect(await client.closed()).toBe('');
    });
  });

  describe('that take longer than the upstream may be silent', () => {
    const proxy = useProxy(start, { options: ['idle_timeout = 400ms'] });

    it('may go on while the answer has begun and waits for them', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket, _head, rest) => {
        let received = rest.toString();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n');
        socket.on('data', (piece) => {
          received += piece;
          if (received.endsWith('0\r\n\r\n')) socket.end('all');
        });
      };
      const client = await open(server.port);
      client.send(head('POST', '/', CHUNKED));
      for (let i = 0; i < 10; i++) {
        client.send(chunk(1));
        await new Promise((resolve) => setTimeout(resolve, 120));
      }
      expect((await client.send('0\r\n\r\n').message()).body.toString()).toBe('all');
      client.half();
    });
  });

  describe('of any size', () => {
    const proxy = useProxy(start, { options: ['max_body = 100g'] });

    it('of an answer aren’t read faster than the client takes them', async () => {
      const { server, upstream } = proxy;
      let written = 0;
      upstream.onRequest = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${400 * MIB}\r\n\r\n`);
        const piece = Buffer.alloc(64 << 10);
        const more = () => {
          while (written < 400 * MIB) {
            written += piece.length;
            if (!socket.write(piece)) return;
          }
        };
        socket.on('drain', more);
        more();
      };
      const client = await open(server.port, { paused: true });
      client.send(head('GET', '/'));
      expect(await settled(() => written)).toBeLessThan(40 * MIB); // what kernels hold
      let received = 0;
      await new Promise<void>((resolve) => {
        client.socket.on('data', (piece: Buffer) => {
          received += piece.length;
          if (received > 400 * MIB) resolve();
        });
      });
      client.half();
      await client.closed();
    });

    it('that the upstream doesn’t want don’t keep its answer from a client that sends all before it reads', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket) => {
        socket.pause();
        socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      };
      const client = await open(server.port, { paused: true });
      client.send(head('POST', '/', `Content-Length: ${20 * MIB}`));
      await new Promise((resolve) => client.socket.write(Buffer.alloc(20 * MIB), resolve));
      const received: Buffer[] = [];
      client.socket.on('data', (piece: Buffer) => received.push(piece)).end();
      await client.closed();
      expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n(?:.+\r\n)+\r\nno$/);
      expect(await logged(server, 1)).toEqual([['POST / HTTP/1.1', 403]]);
    });

    it('of a request aren’t read faster than the upstream takes them', async () => {
      const { server, upstream } = proxy;
      let go = () => {};
      let received = 0;
      upstream.onHead = (socket, _head, rest) => {
        received = rest.length;
        socket.pause();
        go = () => {
          socket.on('data', (piece: Buffer) => {
            received += piece.length;
            if (received === 400 * MIB) socket.end(answerOf('all', 'Connection: close'));
          });
          socket.resume();
        };
      };
      const client = await open(server.port);
      client.send(head('POST', '/', `Content-Length: ${400 * MIB}`));
      const piece = Buffer.alloc(64 << 10);
      let written = 0;
      const more = () => {
        while (written < 400 * MIB) {
          written += piece.length;
          if (!client.socket.write(piece)) return;
        }
      };
      client.socket.on('drain', more);
      more();
      expect(await settled(() => written)).toBeLessThan(40 * MIB);
      go();
      expect((await client.message()).body.toString()).toBe('all');
      client.half();
    }, 60_000);

    it('stay in order when the client goes on with other requests', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket, asked) =>
        void socket.write(answerOf(`${asked.target} ${asked.body.length}`));
      const client = await open(server.port);
      client.send(byLength('/1', 70_000) + inChunks('/2', 90_000) + head('GET', '/3') + byLength('/4', 3));
      const answers: string[] = [];
      for (let i = 0; i < 4; i++) answers.push((await client.message()).body.toString());
      expect(answers).toEqual(['/1 70000', '/2 90000', '/3 0', '/4 3']);
      client.half();
    });
  });

  describe('of a request that is buffered', () => {
    const proxy = useProxy(start, {
      options: ['buffering = request', 'max_body = 1m', 'retries = 1', 'eject_after = 1000'],
    });

    it('goes to the upstream once it is whole', async () => {
      const { server, upstream } = proxy;
      const client = await open(server.port);
      client.send(`${head('PUT', '/', CHUNKED)}${chunk(1000)}`);
      await expect.poll(() => server.held().bytes).toBeGreaterThan(0);
      expect(upstream.requests).toEqual([]);
      expect((await client.send(`${chunk(500_000)}0\r\n\r\n`).message()).status).toBe(200);
      expect(upstream.requests[0].body).toHaveLength(501_000);
      expect(valuesOf(upstream.requests[0], 'content-length')).toEqual(['501000']);
      client.half();
    });

    it('can be sent again, however large', async () => {
      const { server, upstream } = proxy;
      let asked = 0;
      upstream.onRequest = (socket) =>
        void (asked++ === 0 ? socket.destroy() : socket.write(answerOf('again')));
      const request = byLength('/', 900_000).replace('POST', 'PUT');
      expect((await ask(server.port, request)).body.toString()).toBe('again');
    });

    it('is asked for with a 100 here', async () => {
      const { server, upstream } = proxy;
      const client = await open(server.port);
      client.send(head('POST', '/', 'Content-Length: 5', 'Expect: 100-continue'));
      expect(await client.interim()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      expect((await client.send('hello').message()).status).toBe(200);
      expect(valuesOf(upstream.requests[0], 'expect')).toEqual([]);
      client.half();
    });

    it('that is too large gets 413', async () => {
      expect((await (await open(proxy.server.port)).send(inChunks('/', MIB + 1)).message()).status).toBe(413);
      expect(proxy.upstream.requests).toEqual([]);
    });
  });

  describe('of an answer that is buffered', () => {
    const proxy = useProxy(start, { options: ['buffering = response'] });

    it('is taken from the upstream, whatever the client does', async () => {
      const { server, upstream } = proxy;
      const size = 40 * MIB;
      let sent = false;
      upstream.onRequest = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size, 'a'), () => {
          sent = true;
        });
      };
      const client = await open(server.port, { paused: true });
      client.send(head('GET', '/'));
      await expect.poll(() => sent, { timeout: 10_000 }).toBe(true);
      await expect.poll(() => server.held().inFlight).toBe(0); // the upstream is free
      expect(server.held().bytes).toBeGreaterThan(20 * MIB);
      let received = 0;
      client.socket.on('data', (piece: Buffer) => {
        received += piece.length;
      });
      await expect.poll(() => received, { timeout: 10_000 }).toBeGreaterThan(size);
      client.half();
      await client.closed();
      expect(await logged(server, 1)).toEqual([['GET / HTTP/1.1', 200]]);
    });
  });

  describe('with a mirror', () => {
    let mirror: Upstream;
    let upstream: Upstream;
    const server = {} as Served;
    beforeAll(async () => {
      mirror = await startUpstream();
      upstream = await startUpstream();
      Object.assign(server, await start({ routes: `/ = ${upstream.url}\n[/]\nmirror = ${mirror.url}\n` }));
    });
    beforeEach(() => {
      mirror.requests.length = 0;
    });
    afterAll(async () => {
      await server.close(0);
      await Promise.all([mirror.close(), upstream.close()]);
    });

    it.each([
      ['none', head('GET', '/m?a=1'), 0],
      ['a length', byLength('/m?a=1', 1000), 1000],
      ['chunks', inChunks('/m?a=1', 65_536), 65_536],
    ])('it has a copy of a request, whose body is delimited by %s', async (_how, request, length) => {
      expect((await ask(server.port, request)).body.toString()).toBe('hello');
      await expect.poll(() => mirror.requests.length).toBe(1);
      expect([mirror.requests[0].target, mirror.requests[0].body.length]).toEqual(['/m?a=1', length]);
    });

    it('it has no copy of a large one', async () => {
      expect((await ask(server.port, byLength('/', 65_537))).status).toBe(200);
      expect((await ask(server.port, head('GET', '/after'))).status).toBe(200);
      await expect.poll(() => mirror.requests.map(({ target }) => target)).toEqual(['/after']);
    });

    it('what it answers doesn’t matter', async () => {
      mirror.onRequest = (socket) => void socket.end('garbage\r\n\r\n');
      expect((await ask(server.port, head('GET', '/'))).body.toString()).toBe('hello');
      await mirror.close();
      expect((await ask(server.port, head('GET', '/'))).body.toString()).toBe('hello');
      expect(server.faults).toEqual([]);
    });
  });
}
