// Upstreams that fail: what the client is told, what is tried again, and what never is.
import { describe, expect, it } from 'vitest';
import { ask, open, theValue } from '../client.ts';
import { answerOf, startUpstream } from '../upstream.ts';
import type { StartServer } from './served.ts';
import { useProxy } from './use-proxy.ts';
import { head, logged } from './use-server.ts';

const get = head('GET', '/x');
const post = `${head('POST', '/x', 'Content-Length: 2')}hi`;
const CHUNKED = 'Transfer-Encoding: chunked';
const postChunked = `${head('POST', '/x', CHUNKED)}2\r\nhi\r\n0\r\n\r\n`;
const bad = [502, 'Bad Gateway\n'];

export function proxyFailures(start: StartServer): void {
  describe('one upstream', () => {
    const proxy = useProxy(start, { options: ['retries = 0', 'eject_after = 1000'] });

    it.each([
      ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
      ['HTTP of another kind', 'HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n'],
      ['a status that is none', 'HTTP/1.1 0200 OK\r\nContent-Length: 0\r\n\r\n'],
      ['a bad field', 'HTTP/1.1 200 OK\r\nX y: 1\r\nContent-Length: 0\r\n\r\n'],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc'],
      ['a length and a coding', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${CHUNKED}\r\n\r\n0\r\n\r\n`],
      ['a coding that isn’t chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc'],
      ['a head of 100 KB', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`],
      ['interim answers without end', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000)],
      [
        'a protocol that nobody asked for',
        'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      ],
      ['101 without a protocol', 'HTTP/1.1 101 Switching\r\n\r\n'],
    ])('that answers with %s makes a 502', async (_what, bytes) => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write(bytes);
      const client = await open(server.port);
      client.send(get);
      let answer = await client.message();
      while (answer.status < 200) answer = await client.message();
      expect([answer.status, answer.body.toString()]).toEqual(bad);
      expect(upstream.requests).toHaveLength(1);
      expect(await logged(server, 1)).toEqual([['GET /x HTTP/1.1', 502]]);
      expect(server.faults.join()).toContain(`127.0.0.1:${upstream.port}`);
      expect(server.faulty.at(-1)).toBe('/');
      // Its connection is not used again, the client's is.
      upstream.onRequest = (socket) => void socket.write(answerOf('well'));
      expect((await client.send(get).message()).body.toString()).toBe('well');
      expect(upstream.requests[1].connection).not.toBe(upstream.requests[0].connection);
      client.half();
    });

    it.each([
      ['at once', ''],
      ['in the head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ])('that closes %s makes a 502', async (_where, bytes) => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.end(bytes);
      for (const request of [get, post, postChunked]) {
        const answer = await ask(server.port, request);
        expect([answer.status, answer.body.toString()]).toEqual(bad);
      }
      expect(server.faults.length).toBeGreaterThanOrEqual(3);
    });

    it('that resets makes a 502', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.resetAndDestroy();
      for (const request of [get, post, postChunked])
        expect((await ask(server.port, request)).status).toBe(502);
    });

    it.each([
      ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'end'],
      ['chunks', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\n`, 'end'],
      ['a chunk', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n9\r\nhello`, 'end'],
      ['a bad chunk', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n5\r\nhello\r\n`, 'stray'],
      ['a length, with a reset', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello', 'reset'],
      ['nothing but its end, with a reset', 'HTTP/1.1 200 OK\r\n\r\nhello', 'reset'],
    ] as const)(
      'that breaks off a body by %s: the client’s connection breaks too',
      async (_what, bytes, how) => {
        const { server, upstream } = proxy;
        upstream.onRequest = (socket) => {
          socket.write(bytes, () => {
            if (how === 'end') socket.end();
            if (how === 'stray') setTimeout(() => socket.write('zz\r\n'), 50);
            if (how === 'reset') setTimeout(() => socket.resetAndDestroy(), 50);
          });
        };
        const client = await open(server.port);
        await expect(client.send(get).message()).rejects.toThrow(/closed/);
        expect(await client.closed()).not.toContain('\r\n0\r\n');
        expect(await logged(server, 1)).toEqual([['GET /x HTTP/1.1', 200]]);
        expect(server.access[0].bytes).toBe(5);
        expect(server.faults.join()).toContain(`127.0.0.1:${upstream.port}`);
      },
    );

    it('is left at once by a client that goes', async () => {
      const { server, upstream } = proxy;
      const closed = new Promise<void>((resolve) => {
        upstream.onRequest = (socket) => void socket.once('close', resolve);
      });
      const client = await open(server.port);
      client.send(get);
      await expect.poll(() => upstream.requests.length).toBe(1);
      client.reset();
      await closed;
      expect(await logged(server, 1)).toEqual([['GET /x HTTP/1.1', 499]]);
      expect(server.faults).toEqual([]);
    });

    it('is left in a body by a client that goes', async () => {
      const { server, upstream } = proxy;
      const closed = new Promise<void>((resolve) => {
        upstream.onRequest = (socket) => {
          socket.once('close', resolve);
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello');
        };
      });
      const client = await open(server.port);
      await client.send(get).interim();
      client.reset();
      await closed;
      expect(await logged(server, 1)).toEqual([['GET /x HTTP/1.1', 499]]);
    });

    it('has no request again on a connection on which it said more than it was asked', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write(`${answerOf('one')}HTTP/1.1 200 OK\r\nX: stray\r\n`);
      const client = await open(server.port);
      expect((await client.send(get).message()).body.toString()).toBe('one');
      upstream.onRequest = (socket) => void socket.write(answerOf('two'));
      expect((await client.send(get).message()).body.toString()).toBe('two');
      client.half();
      expect(upstream.requests[1].connection).not.toBe(upstream.requests[0].connection);
    });

    it('has no request again on a connection on which it says something unasked', async () => {
      const { server, upstream } = proxy;
      const client = await open(server.port);
      await client.send(get).message();
      const [{ connection }] = upstream.requests;
      const socket = upstream.connections[connection];
      const ended = new Promise((resolve) => socket.once('end', resolve));
      socket.write(answerOf('for somebody else'));
      await ended;
      upstream.onRequest = (other) => void other.write(answerOf('two'));
      expect((await client.send(get).message()).body.toString()).toBe('two');
      client.half();
    });

    it('has no request again on a connection that it closes', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write(answerOf('one', 'Connection: close'));
      const client = await open(server.port);
      for (let i = 0; i < 2; i++) expect((await client.send(get).message()).status).toBe(200);
      client.half();
      expect(upstream.requests[1].connection).not.toBe(upstream.requests[0].connection);
    });
  });

  describe('a connection of before that was closed', () => {
    const proxy = useProxy(start, { options: ['retries = 0', 'eject_after = 1000'] });

    it('costs a GET nothing', async () => {
      const { server, upstream } = proxy;
      const client = await open(server.port);
      await client.send(get).message();
      let asked = 0;
      upstream.onRequest = (socket) => {
        // As if it had been idle for too long: the request crosses its end.
        if (asked++ === 0) socket.destroy();
        else socket.write(answerOf('again'));
      };
      expect((await client.send(get).message()).body.toString()).toBe('again');
      client.half();
      expect(server.faults).toEqual([]);
    });

    it('costs a GET nothing, however many there were', async () => {
      const { server, upstream } = proxy;
      const waiting: (() => void)[] = [];
      upstream.onRequest = (socket) => {
        waiting.push(() => void socket.write(answerOf('hello')));
        if (waiting.length === 5) for (const answer of waiting) answer();
      };
      const clients = await Promise.all(Array.from({ length: 5 }, () => open(server.port)));
      for (const client of clients) client.send(get);
      for (const client of clients) await client.message();
      const old = new Set(upstream.requests.map(({ connection }) => connection));
      upstream.onRequest = (socket, { connection }) =>
        void (old.has(connection) ? socket.destroy() : socket.write(answerOf('again')));
      for (const client of clients) {
        expect((await client.send(get).message()).body.toString()).toBe('again');
        client.half();
      }
      expect(server.faults).toEqual([]);
    });

    it('isn’t tried again by a POST, which may have been done', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write(answerOf('hello'));
      const client = await open(server.port);
      for (const request of [post, postChunked]) {
        await client.send(get).message();
        const before = upstream.requests.length;
        upstream.onRequest = (socket) => void socket.destroy();
        expect((await client.send(request).message()).status).toBe(502);
        expect(upstream.requests).toHaveLength(before + 1);
        upstream.onRequest = (socket) => void socket.write(answerOf('hello'));
      }
      client.half();
    });
  });

  describe('two upstreams', () => {
    const proxy = useProxy(start, { count: 2, options: ['retries = 1', 'eject_after = 1000'] });
    const fail = (how: 'destroy' | 'garbage', index = 0) => {
      proxy.upstreams[index].onRequest = (socket) =>
        void (how === 'destroy' ? socket.destroy() : socket.write('garbage\r\n\r\n'));
    };
    const asked = () => proxy.upstreams.map(({ requests }) => requests.length);

    it.each([
      ['GET', get],
      ['PUT', `${head('PUT', '/x', 'Content-Length: 2')}hi`],
      ['PUT in chunks', `${head('PUT', '/x', CHUNKED)}2\r\nhi\r\n0\r\n\r\n`],
      ['PUT of 60 KB', `${head('PUT', '/x', 'Content-Length: 60000')}${'a'.repeat(60_000)}`],
    ])('a %s goes to the other one', async (_what, request) => {
      const { server, upstreams } = proxy;
      fail('destroy');
      for (let i = 0; i < 4; i++) expect((await ask(server.port, request)).status).toBe(200);
      expect(asked()[0]).toBeGreaterThan(0);
      expect(upstreams[1].requests).toHaveLength(4);
      for (const { raw } of upstreams[1].requests)
        expect(raw.endsWith(request.slice(request.indexOf('\r\n\r\n')))).toBe(true);
    });

    it.each([
      ['POST', post],
      ['POST in chunks', postChunked],
    ])('a %s doesn’t', async (_what, request) => {
      const { server } = proxy;
      fail('destroy', 0);
      fail('destroy', 1);
      for (let i = 0; i < 4; i++) expect((await ask(server.port, request)).status).toBe(502);
      expect(asked()[0] + asked()[1]).toBe(4);
    });

    it('a PUT of 300 KB doesn’t, once it was read', async () => {
      const { server, upstreams } = proxy;
      const request = `${head('PUT', '/x', 'Content-Length: 300000')}${'a'.repeat(300_000)}`;
      for (const upstream of upstreams) upstream.onRequest = (socket) => void socket.destroy();
      expect((await (await open(server.port)).send(request).message()).status).toBe(502);
      expect(asked()[0] + asked()[1]).toBe(1);
    });

    it('a GET of whose answer something was passed on doesn’t', async () => {
      const { server, upstreams } = proxy;
      for (const upstream of upstreams)
        upstream.onRequest = (socket) => void socket.end('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
      const client = await open(server.port);
      await client.send(get).interim();
      expect((await client.message()).status).toBe(502);
      client.half();
      expect(asked()[0] + asked()[1]).toBe(1);
    });

    it('no more than the retries are made', async () => {
      fail('destroy', 0);
      fail('destroy', 1);
      expect((await ask(proxy.server.port, get)).status).toBe(502);
      expect(asked()).toEqual([1, 1]);
    });
  });

  describe('an upstream that isn’t there', () => {
    it.each([
      ['GET', get],
      ['POST', post],
      ['POST in chunks', postChunked],
      ['POST of 300 KB', `${head('POST', '/x', 'Content-Length: 300000')}${'a'.repeat(300_000)}`],
    ])('sends a %s to the one that is', async (_what, request) => {
      const [gone, there] = [await startUpstream(), await startUpstream()];
      await gone.close();
      const routes = `/ = ${gone.url} ${there.url}\n[/]\nretries = 1\neject_after = 1000\n`;
      const server = await start({ routes });
      for (let i = 0; i < 4; i++) expect((await ask(server.port, request)).status).toBe(200);
      expect(there.requests).toHaveLength(4);
      const sizes = there.requests.map(({ body }) => body.length);
      expect(new Set(sizes)).toEqual(new Set([request === get ? 0 : request.length > 300_000 ? 300_000 : 2]));
      await server.close(0);
      await there.close();
    });

    it.each([
      ['GET', get],
      ['POST in chunks', postChunked],
    ])('makes a 502 of a %s, and a line', async (_what, request) => {
      const gone = await startUpstream();
      await gone.close();
      const server = await start({ routes: `/ = ${gone.url}\n[/]\neject_after = 1000\n` });
      const answer = await ask(server.port, request);
      expect([answer.status, answer.body.toString()]).toEqual(bad);
      expect(server.faults).toHaveLength(1); // of three tries
      expect(server.faults[0]).toMatch(new RegExp(`127\\.0\\.0\\.1:${gone.port}.*refused`, 'i'));
      await server.close(0);
    });

    it('makes a 502 when its name isn’t known', async () => {
      const server = await start({ routes: '/ = http://no.such.host.invalid\n[/]\neject_after = 1000\n' });
      for (const request of [get, postChunked]) expect((await ask(server.port, request)).status).toBe(502);
      expect(server.faults).toHaveLength(2);
      expect(server.faults.join()).toContain('no.such.host.invalid');
      await server.close(0);
    });
  });

  describe('too many', () => {
    const proxy = useProxy(start, { options: ['max_concurrency = 1'] });

    it('requests at a time get 503', async () => {
      const { server, upstream } = proxy;
      let finish = () => {};
      upstream.onRequest = (socket) => {
        finish = () => void socket.write(answerOf('late'));
      };
      const client = await open(server.port);
      client.send(get);
      await expect.poll(() => upstream.requests.length).toBe(1);
      for (const request of [get, post, postChunked]) {
        const answer = await ask(server.port, request);
        expect([answer.status, theValue(answer, 'retry-after')]).toEqual([503, '1']);
      }
      finish();
      expect((await client.message()).body.toString()).toBe('late');
      upstream.onRequest = (socket) => void socket.write(answerOf('next'));
      await expect.poll(() => server.held().calls).toBe(0);
      expect((await client.send(get).message()).body.toString()).toBe('next');
      client.half();
    });
  });

  describe('times', () => {
    describe('for the head', () => {
      const proxy = useProxy(start, {
        options: ['head_timeout = 300ms', 'retries = 0', 'eject_after = 1000'],
      });

      it.each([
        ['a GET', get],
        ['a POST', post],
        ['a POST in chunks', postChunked],
      ])('%s gets 504', async (_what, request) => {
        const { server, upstream } = proxy;
        upstream.onRequest = (socket) => void socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
        const client = await open(server.port);
        const begun = performance.now();
        await client.send(request).interim();
        expect((await client.message()).status).toBe(504);
        expect(performance.now() - begun).toBeGreaterThanOrEqual(290);
        client.half();
        expect(server.faults.join()).toContain(`127.0.0.1:${upstream.port}`);
      });
    });

    describe('between pieces', () => {
      const proxy = useProxy(start, { options: ['idle_timeout = 300ms', 'eject_after = 1000'] });

      it('the answer is cut', async () => {
        const { server, upstream } = proxy;
        upstream.onRequest = (socket) =>
          void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
        const client = await open(server.port);
        await expect(client.send(get).message()).rejects.toThrow(/closed/);
        expect(await logged(server, 1)).toEqual([['GET /x HTTP/1.1', 200]]);
      });

      it('a client that is slow costs nothing', async () => {
        const { server, upstream } = proxy;
        const size = 30_000_000;
        upstream.onRequest = (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
          socket.write(Buffer.alloc(size));
        };
        const client = await open(server.port, { paused: true });
        client.send(get);
        await expect.poll(() => server.held().calls).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 1000));
        let received = 0;
        await new Promise<void>((resolve) => {
          client.socket.on('data', (piece) => {
            received += piece.length;
            if (received > size) resolve();
          });
        });
        client.reset();
      });
    });

    describe('for the whole', () => {
      const proxy = useProxy(start, { options: ['timeout = 400ms', 'retries = 0', 'eject_after = 1000'] });

      it('an answer that hasn’t begun is 504', async () => {
        const { server, upstream } = proxy;
        upstream.onRequest = () => {};
        for (const request of [get, postChunked]) expect((await ask(server.port, request)).status).toBe(504);
      });

      it('one that goes on is cut', async () => {
        const { server, upstream } = proxy;
        upstream.onRequest = (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n`);
          const timer = setInterval(() => socket.write('1\r\na\r\n'), 20);
          socket.once('close', () => clearInterval(timer));
        };
        const client = await open(server.port);
        await expect(client.send(get).message()).rejects.toThrow(/closed/);
      });
    });

    it('to a connection', async () => {
      // RFC 5737: nobody has it, and nothing comes back.
      const routes =
        '/ = http://192.0.2.1:81\n[/]\nconnect_timeout = 200ms\nretries = 0\neject_after = 1000\n';
      const server = await start({ routes });
      for (const request of [get, postChunked]) {
        const { status } = await ask(server.port, request);
        expect([502, 504]).toContain(status); // 502 where there is no way out at all
      }
      await server.close(0);
    });
  });

  describe('requests that are none', () => {
    const proxy = useProxy(start);

    it.each([
      ['two lengths', head('POST', '/', 'Content-Length: 2', 'Content-Length: 3')],
      ['a length and a coding', `${head('POST', '/', 'Content-Length: 2', CHUNKED)}0\r\n\r\n`],
      ['another coding', head('POST', '/', 'Transfer-Encoding: gzip, chunked')],
      ['a coding in 1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
      ['two hosts', head('GET', '/', 'Host: b')],
      ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
      ['a bare LF', 'GET / HTTP/1.1\nHost: a\n\n'],
    ])('don’t reach the upstream: %s', async (_what, request) => {
      const { server, upstream } = proxy;
      expect((await ask(server.port, request)).status).toBe(400);
      expect(upstream.requests).toEqual([]);
    });

    it.each([
      ['OPTIONS', 200],
      ['TRACE', 405],
    ])('%s with Max-Forwards: 0 is answered here', async (method, status) => {
      const { server, upstream } = proxy;
      const answer = await ask(server.port, head(method, '/', 'Max-Forwards: 0'));
      expect([answer.status, theValue(answer, 'allow')]).toEqual([
        status,
        expect.stringContaining('OPTIONS'),
      ]);
      expect(upstream.requests).toEqual([]);
    });
  });
}
