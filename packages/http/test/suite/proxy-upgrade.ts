// Other protocols through the proxy: WebSockets with a real client, and any other by its bytes.
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, open, theValue } from '../client.ts';
import { answerOf } from '../upstream.ts';
import { type EchoServer, startEcho } from '../websocket.ts';
import type { Served, StartServer } from './served.ts';
import { useProxy, valuesOf } from './use-proxy.ts';
import { head, logged, useServer } from './use-server.ts';

const asking = head('GET', '/chat', 'Connection: Upgrade', 'Upgrade: chat/2', 'X-A: b');
const agreeing = 'HTTP/1.1 101 Fine\r\nConnection: upgrade\r\nUpgrade: chat/2\r\nX-B: c\r\n\r\n';

export function proxyUpgrade(start: StartServer): void {
  describe('a WebSocket', () => {
    let echo: EchoServer;
    const server = {} as Served;
    beforeAll(async () => {
      echo = await startEcho('welcome');
      Object.assign(server, await start({ routes: `/ = http://127.0.0.1:${echo.port}` }));
    });
    afterAll(async () => {
      await server.close(0);
      await echo.close();
    });

    function connect(): Promise<{ socket: WebSocket; next: () => Promise<string | ArrayBuffer> }> {
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ws`, ['a', 'b']);
      socket.binaryType = 'arraybuffer';
      const messages: (string | ArrayBuffer)[] = [];
      let wake = () => {};
      socket.onmessage = ({ data }) => {
        messages.push(data);
        wake();
      };
      const next = async () => {
        while (messages.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        return messages.shift()!;
      };
      return new Promise((resolve, reject) => {
        socket.onopen = () => resolve({ socket, next });
        socket.onerror = () => reject(new Error('no WebSocket'));
      });
    }

    it('carries messages of all sizes both ways, and closes', async () => {
      const { socket, next } = await connect();
      expect(await next()).toBe('welcome'); // which came together with the 101
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
        const bytes = Buffer.alloc(size, 'abcdefg');
        socket.send(bytes);
        expect(Buffer.from((await next()) as ArrayBuffer).equals(bytes)).toBe(true);
      }
      socket.send('text');
      expect(await next()).toBe('text');
      const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
      socket.close(4000, 'enough');
      expect(await closed).toMatchObject({ code: 4000, reason: 'enough', wasClean: true });
      await expect.poll(() => server.held()).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
      expect((await logged(server, 1)).at(-1)).toEqual(['GET /ws HTTP/1.1', 101]);
      expect(server.access.at(-1)!.bytes).toBeGreaterThan(3_000_000);
    });

    it('hundreds at a time, which is all seen to the end', async () => {
      const all = await Promise.all(Array.from({ length: 300 }, connect));
      expect(server.held().calls).toBe(300);
      for (const [i, { socket }] of all.entries()) socket.send(`${i}`);
      for (const [i, { next }] of all.entries()) {
        expect(await next()).toBe('welcome');
        expect(await next()).toBe(`${i}`);
      }
      for (const { socket } of all) socket.close();
      await expect
        .poll(() => server.held(), { timeout: 10_000 })
        .toEqual({ calls: 0, inFlight: 0, bytes: 0 });
    });

    it('ends when the upstream goes', async () => {
      const { socket, next } = await connect();
      await next();
      const closed = new Promise<CloseEvent>((resolve) => (socket.onclose = resolve));
      echo.sockets.at(-1)!.destroy();
      expect((await closed).wasClean).toBe(false);
      await expect.poll(() => server.held().calls).toBe(0);
    });
  });

  describe('any protocol', () => {
    const proxy = useProxy(start, { options: ['retries = 0', 'eject_after = 1000'] });

    /** The upstream agrees and sends back what it gets, with «<» before each piece. */
    function agree(greeting = ''): void {
      proxy.upstream.onHead = (socket, _head, rest) => {
        socket.write(agreeing + greeting);
        const back = (piece: Buffer) => socket.write(`<${piece.toString('latin1')}`, 'latin1');
        if (rest.length > 0) back(rest);
        socket.on('data', back).on('end', () => socket.end('bye'));
      };
    }

    it('has its head passed on, and bytes both ways until both sides have ended', async () => {
      const { server } = proxy;
      agree('first');
      const client = await open(server.port, { allowHalfOpen: true });
      const head = await client.send(asking).interim();
      expect(head).toMatch(/^HTTP\/1\.1 101 Fine\r\n/);
      expect(head.toLowerCase()).toContain('\r\nconnection: upgrade\r\nupgrade: chat/2\r\n');
      expect(head).toContain('X-B: c\r\n');
      expect(await client.bytes(5)).toBe('first');
      client.send('\x00\xff\x80');
      expect(await client.bytes(4)).toBe('<\x00\xff\x80');
      client.half(); // the upstream still has something to say
      expect(await client.closed()).toBe('bye');
      expect(await logged(server, 1)).toEqual([['GET /chat HTTP/1.1', 101]]);
      expect(server.access[0].bytes).toBe(5 + 4 + 3);
    });

    it('is asked for as the client does', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.end(agreeing);
      const client = await open(server.port);
      await client.send(asking).interim();
      client.half();
      const [asked] = upstream.requests;
      expect(valuesOf(asked, 'upgrade')).toEqual(['chat/2']);
      expect(valuesOf(asked, 'connection').join().toLowerCase()).toContain('upgrade');
      expect(valuesOf(asked, 'x-a')).toEqual(['b']);
      await client.closed();
    });

    it('gets what the client has sent before the upstream agreed', async () => {
      const { server, upstream } = proxy;
      let go = () => {};
      upstream.onHead = (socket, _head, rest) => {
        go = () => {
          socket.write(`${agreeing}<`);
          socket.write(rest);
          socket.pipe(socket);
        };
      };
      const client = await open(server.port);
      client.send(asking);
      await expect.poll(() => server.held().inFlight).toBe(1);
      client.send('GET / HTTP/1.1\r\n\r\n').send('more');
      await new Promise((resolve) => setTimeout(resolve, 50));
      go();
      await client.interim();
      expect(await client.bytes(1 + 22)).toBe('<GET / HTTP/1.1\r\n\r\nmore');
      client.half();
      await client.closed();
    });

    it('has an upstream that ends its side first', async () => {
      const { server, upstream } = proxy;
      let heard = '';
      upstream.onHead = (socket) => {
        socket.on('data', (piece) => {
          heard += piece;
        });
        socket.end(`${agreeing}bye`);
      };
      const client = await open(server.port, { allowHalfOpen: true });
      await client.send(asking).interim();
      expect(await client.closed()).toBe('bye');
      client.send('late').half();
      await expect.poll(() => heard).toBe('late');
    });

    it('is not read faster than it is taken', async () => {
      const { server, upstream } = proxy;
      let written = 0;
      upstream.onHead = (socket) => {
        socket.write(agreeing);
        const piece = Buffer.alloc(64 << 10);
        const more = () => {
          while (written < 200 << 20) {
            written += piece.length;
            if (!socket.write(piece)) return;
          }
        };
        socket.on('drain', more);
        more();
      };
      const client = await open(server.port, { paused: true });
      client.send(asking);
      let last = -1;
      await expect
        .poll(
          () => {
            const same = written === last && written > 0;
            last = written;
            return same;
          },
          { interval: 300, timeout: 10_000 },
        )
        .toBe(true);
      expect(written).toBeLessThan(30 << 20);
      client.reset();
    });

    it('is left at once by a client that goes', async () => {
      const { server, upstream } = proxy;
      const closed = new Promise<void>((resolve) => {
        upstream.onHead = (socket) => {
          socket.once('end', resolve).resume();
          socket.write(agreeing);
        };
      });
      const client = await open(server.port);
      await client.send(asking).interim();
      client.reset();
      await closed;
    });

    it.each([
      ['an answer of HTTP', answerOf('no'), 200, 'no'],
      [
        'a refusal',
        'HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n',
        403,
        'no',
      ],
    ])('may be answered with %s, and the connection ends', async (_what, bytes, status, body) => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write(bytes);
      const answer = await (await open(server.port)).send(asking).message();
      expect([answer.status, answer.body.toString(), theValue(answer, 'connection')]).toEqual([
        status,
        body,
        'close',
      ]);
      expect(await logged(server, 1)).toEqual([['GET /chat HTTP/1.1', status]]);
    });

    it('isn’t asked for together with a body: the request is then as any other', async () => {
      const { server, upstream } = proxy;
      const request = head('POST', '/', 'Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 2');
      const answer = await (await open(server.port)).send(`${request}hi`).message();
      expect(answer.body.toString()).toBe('hello');
      expect(valuesOf(upstream.requests[0], 'upgrade')).toEqual([]);
    });

    it.each(['h2c', 'H2', 'HTTP/2.0', 'TLS/1.2, http/1.1', ',h2c ,'])(
      'isn’t %s, whose requests no rule would see: the request is as any other',
      async (protocols) => {
        const { server, upstream } = proxy;
        const settings = [
          'Connection: Upgrade, HTTP2-Settings',
          `Upgrade: ${protocols}`,
          'HTTP2-Settings: a',
        ];
        const client = await open(server.port);
        const answer = await client.send(head('GET', '/', ...settings)).message();
        expect([answer.status, answer.body.toString(), theValue(answer, 'connection')]).toEqual([
          200,
          'hello',
          'close',
        ]);
        expect(await client.closed()).toBe('');
        const [asked] = upstream.requests;
        for (const name of ['upgrade', 'http2-settings']) expect(valuesOf(asked, name)).toEqual([]);
        expect(valuesOf(asked, 'connection').join().toLowerCase()).not.toContain('upgrade');
      },
    );

    it('is what is left without these', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.end(agreeing);
      const client = await open(server.port);
      await client.send(asking.replace('chat/2', 'h2c, chat/2,HTTP/2.0')).interim();
      client.half();
      await client.closed();
      expect(upstream.requests.map((asked) => valuesOf(asked, 'upgrade'))).toEqual([['chat/2']]);
    });

    it('isn’t switched to HTTP/2 by an upstream that does so unasked', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) =>
        void socket.write('HTTP/1.1 101 Fine\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n');
      const request = head('GET', '/', 'Connection: Upgrade', 'Upgrade: h2c');
      expect((await (await open(server.port)).send(request).message()).status).toBe(502);
    });

    it('makes a 502 of an upstream that fails', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.destroy();
      expect((await (await open(server.port)).send(asking).message()).status).toBe(502);
    });
  });

  describe('a silent one', () => {
    const proxy = useProxy(start, {
      options: ['idle_timeout = 300ms', 'head_timeout = 200ms', 'timeout = 200ms'],
    });

    it('is cut, and no other time counts', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket) => {
        socket.write(agreeing);
        socket.pipe(socket);
      };
      const client = await open(server.port);
      await client.send(asking).interim();
      const begun = performance.now();
      for (let i = 0; i < 4; i++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        client.send('a');
        await client.bytes(1);
      }
      expect(await client.closed()).toBe('');
      expect(performance.now() - begun).toBeGreaterThanOrEqual(690);
    });
  });

  describe('the end of the server', () => {
    it('leaves it open while the process leaves, and cuts it after the grace', async () => {
      const echo = await startEcho('welcome');
      const server = await start({ routes: `/ = http://127.0.0.1:${echo.port}` });
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
      const messages: unknown[] = [];
      socket.onmessage = ({ data }) => messages.push(data);
      await expect.poll(() => messages).toEqual(['welcome']);
      let hasLeft = false;
      const left = server.door.leave().then(() => {
        hasLeft = true;
      });
      socket.send('still');
      await expect.poll(() => messages).toEqual(['welcome', 'still']);
      expect(hasLeft).toBe(false);
      const closed = new Promise((resolve) => (socket.onclose = resolve));
      const begun = performance.now();
      await server.close(300);
      await Promise.all([closed, left]);
      expect(performance.now() - begun).toBeGreaterThanOrEqual(290);
      await echo.close();
    });
  });

  describe('an executor', () => {
    const server = useServer(start);

    it('answers a request for another protocol as any other, and the connection ends', async () => {
      const client = await open(server.port);
      const answer = await client.send(asking).message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([200, 'close']);
      expect(await client.closed()).toBe('');
      const request = head('POST', '/echo', 'Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 2');
      expect((await ask(server.port, `${request}hi`)).body.toString()).toBe('hi');
    });
  });
}
