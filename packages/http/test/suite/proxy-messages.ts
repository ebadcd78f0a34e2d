// What a client and an upstream see of each other's messages: framing, bodies, fields, trailers, interim answers.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ask, open, theValue } from '../client.ts';
import { answerOf } from '../upstream.ts';
import type { StartServer } from './served.ts';
import { useProxy, valuesOf } from './use-proxy.ts';
import { head, logged } from './use-server.ts';

const chunks = (...pieces: string[]): string =>
  pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
const CHUNKED = 'Transfer-Encoding: chunked';

/** Ways to ask, of which doors may answer each in another way. */
const ways: [way: string, request: string, method: string, body: string][] = [
  ['GET', head('GET', '/x?y=1'), 'GET', ''],
  ['POST without a body', head('POST', '/x?y=1'), 'POST', ''],
  ['POST by length', `${head('POST', '/x?y=1', 'Content-Length: 5')}hello`, 'POST', 'hello'],
  ['PUT in chunks', `${head('PUT', '/x?y=1', CHUNKED)}${chunks('hel', 'lo')}0\r\n\r\n`, 'PUT', 'hello'],
  ['GET with a body in chunks', `${head('GET', '/x?y=1', CHUNKED)}${chunks('hi')}0\r\n\r\n`, 'GET', 'hi'],
  ['DELETE with a body', `${head('DELETE', '/x?y=1', 'Content-Length: 2')}hi`, 'DELETE', 'hi'],
  ['PROPFIND', head('PROPFIND', '/x?y=1'), 'PROPFIND', ''],
];

export function proxyMessages(start: StartServer): void {
  describe('a request', () => {
    const proxy = useProxy(start);

    it.each(ways)(
      '%s reaches the upstream, and its answer the client',
      async (_way, request, method, body) => {
        const { server, upstream } = proxy;
        upstream.onRequest = (socket) => void socket.write(answerOf('answer', 'X-A: 1', 'X-a: 2'));
        const client = await open(server.port);
        for (let i = 0; i < 3; i++) {
          const answer = await client.send(request).message();
          expect([answer.status, answer.reason, answer.body.toString()]).toEqual([200, 'OK', 'answer']);
          expect(answer.fields.filter(([name]) => /^x-/i.test(name))).toEqual([
            ['X-A', '1'],
            ['X-a', '2'],
          ]);
          expect(theValue(answer, 'date')).toBeDefined();
        }
        client.half();
        expect(await client.closed()).toBe('');
        for (const asked of upstream.requests)
          expect([asked.method, asked.target, asked.body.toString()]).toEqual([method, '/x?y=1', body]);
        expect(new Set(upstream.requests.map(({ connection }) => connection)).size).toBe(1);
        const line = `${method} /x?y=1 HTTP/1.1`;
        expect(await logged(server, 3)).toEqual([200, 200, 200].map((status) => [line, status]));
        expect(server.access.map(({ bytes }) => bytes)).toEqual([6, 6, 6]);
      },
    );

    it('has no fields of the connection, but those of the way it came', async () => {
      const { server, upstream } = proxy;
      const fields = [
        'Connection: x-gone',
        'X-Gone: 1',
        'Keep-Alive: timeout=5',
        'X-Stays: a',
        'x-stays: \xe9',
      ];
      await ask(server.port, head('GET', '/', ...fields));
      const [asked] = upstream.requests;
      expect(valuesOf(asked, 'x-gone')).toEqual([]);
      expect(valuesOf(asked, 'keep-alive')).toEqual([]);
      expect(valuesOf(asked, 'x-stays')).toEqual(['a', '\xe9']);
      expect(valuesOf(asked, 'host')).toEqual(['a']);
      expect(valuesOf(asked, 'x-forwarded-for')).toEqual(['127.0.0.1']);
      expect(valuesOf(asked, 'transfer-encoding')).toEqual([]);
    });

    it.each([
      ['by length', (body: Buffer) => [head('POST', '/', `Content-Length: ${body.length}`), body, '']],
      [
        'in chunks',
        (body: Buffer) => [
          `${head('POST', '/', CHUNKED)}${body.length.toString(16)}\r\n`,
          body,
          '\r\n0\r\n\r\n',
        ],
      ],
    ])(
      'may have 16 MiB %s, and its answer too',
      async (_how, parts) => {
        const { server, upstream } = proxy;
        const body = Buffer.alloc(16 << 20, Buffer.from(Array.from({ length: 251 }, (_, i) => i)));
        const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
        upstream.onRequest = (socket, asked) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${asked.body.length}\r\n\r\n`);
          socket.write(asked.body);
        };
        const client = await open(server.port);
        for (const part of parts(body)) client.send(part);
        expect(hash((await client.message()).body)).toBe(hash(body));
        client.half();
      },
      60_000,
    );

    it('may have a trailer', async () => {
      const { server, upstream } = proxy;
      await ask(
        server.port,
        `${head('POST', '/', CHUNKED, 'Trailer: x-sum')}${chunks('hello')}0\r\nX-Sum: 1\r\nHost: b\r\n\r\n`,
      );
      expect(upstream.requests[0].raw).toMatch(/\r\n0\r\nX-Sum: 1\r\n\r\n$/);
      expect(valuesOf(upstream.requests[0], 'trailer')).toEqual(['x-sum']);
    });

    it.each([
      ['no body', head('GET', '/', 'Trailer: x-sum')],
      ['a length', `${head('POST', '/', 'Content-Length: 2', 'trailer: x-sum')}hi`],
      [
        'a length, and other fields to be made',
        `${head('POST', '/', 'Via: a', 'Content-Length: 2', 'Trailer: x')}hi`,
      ],
      ['no body, on the complete way', head('GET', '/', 'Connection: x', 'Trailer: x-sum')],
    ])('announces no trailer where there is none: with %s', async (_what, request) => {
      const { server, upstream } = proxy;
      expect((await ask(server.port, request)).status).toBe(200);
      expect(upstream.requests.map((asked) => valuesOf(asked, 'trailer'))).toEqual([[]]);
      expect(server.faults).toEqual([]);
    });
  });

  describe('an answer', () => {
    const proxy = useProxy(start);
    /** What the client sees of these bytes. closes: the upstream closes after them. */
    async function relayed(bytes: string, closes = false, request = head('GET', '/')) {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) =>
        void (closes ? socket.end(bytes, 'latin1') : socket.write(bytes, 'latin1'));
      const client = await open(server.port);
      client.send(request);
      return { client, message: await client.message({ head: request.startsWith('HEAD') }) };
    }

    it('keeps its length', async () => {
      const { client, message } = await relayed(answerOf('hello'));
      expect([message.framing, message.body.toString()]).toEqual(['length', 'hello']);
      client.half();
    });

    it.each([
      ['as it comes', (bytes: string) => bytes],
      ['with extensions', (bytes: string) => bytes.replaceAll(/^(\d+)\r$/gm, '$1;a=b\r')],
    ])('in chunks is in chunks, %s', async (_how, written) => {
      const bytes = written(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n${chunks('hel', 'lo wor', 'ld')}0\r\n\r\n`);
      const { client, message } = await relayed(bytes);
      expect([message.framing, message.body.toString()]).toEqual(['chunked', 'hello world']);
      client.half();
    });

    it('has its trailer', async () => {
      const { client, message } = await relayed(
        `HTTP/1.1 200 OK\r\n${CHUNKED}\r\nTrailer: x-sum\r\n\r\n${chunks('hi')}0\r\nX-Sum: 7\r\n\r\n`,
      );
      expect(theValue(message, 'trailer')).toBe('x-sum');
      expect(message.trailers).toEqual([['X-Sum', '7']]);
      client.half();
    });

    it('that ends with the connection is in chunks, and the client’s connection goes on', async () => {
      const { client, message } = await relayed('HTTP/1.1 200 OK\r\n\r\nhello', true);
      expect([message.framing, message.body.toString()]).toEqual(['chunked', 'hello']);
      proxy.upstream.onRequest = (socket) => void socket.write(answerOf('more'));
      expect((await client.send(head('GET', '/')).message()).body.toString()).toBe('more');
      client.half();
    });

    it.each([
      ['in chunks', `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n${chunks('hel', 'lo')}0\r\n\r\n`, false],
      ['without a length', 'HTTP/1.1 200 OK\r\n\r\nhello', true],
    ])('for a client of 1.0 ends with the connection: %s', async (_how, bytes, closes) => {
      const request = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
      const { client, message } = await relayed(bytes, closes, request);
      expect([message.framing, message.body.toString()]).toEqual(['close', 'hello']);
      expect(theValue(message, 'connection')).toBe('close');
      expect(await client.closed()).toBe('');
    });

    it('for a client of 1.0 keeps its length, and the connection when it wants', async () => {
      const request = 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n';
      const { client, message } = await relayed(answerOf('hello'), false, request);
      expect([message.framing, theValue(message, 'connection')]).toEqual(['length', 'keep-alive']);
      expect((await client.send(request).message()).body.toString()).toBe('hello');
      client.half();
    });

    it.each([
      ['a HEAD', head('HEAD', '/'), 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', '5000'],
      ['a HEAD without a length', head('HEAD', '/'), `HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n`, undefined],
      ['204', head('GET', '/'), 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
      ['304', head('GET', '/'), 'HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n', '77'],
    ])('to %s has no body', async (_what, request, bytes, length) => {
      const { client, message } = await relayed(bytes, false, request);
      expect(theValue(message, 'content-length')).toBe(length);
      expect(theValue(message, 'transfer-encoding')).toBeUndefined();
      expect(message.body).toHaveLength(0);
      proxy.upstream.onRequest = (socket) => void socket.write(answerOf('more'));
      expect((await client.send(head('GET', '/')).message()).body.toString()).toBe('more');
      client.half();
    });

    it.each([
      ['a length', head('GET', '/'), 'HTTP/1.1 200 OK\r\nTrailer: x\r\nContent-Length: 0\r\n\r\n'],
      ['HEAD', head('HEAD', '/'), `HTTP/1.1 200 OK\r\n${CHUNKED}\r\nTrailer: x\r\n\r\n`],
      ['204', head('GET', '/'), 'HTTP/1.1 204 No Content\r\nTrailer: x\r\n\r\n'],
    ])('announces no trailer where there is none: with %s', async (_what, request, bytes) => {
      const { client, message } = await relayed(bytes, false, request);
      expect(theValue(message, 'trailer')).toBeUndefined();
      client.half();
    });

    it.each([
      ['the fast way', head('GET', '/')],
      ['the complete way', head('GET', '/', 'Connection: x')],
    ])('keeps the order of its fields, and gets others at the end, on %s', async (_way, request) => {
      const fields = ['A: 1', 'Content-Length: 2', 'B: 1', 'a: 2', 'Keep-Alive: timeout=5', 'C: 1'];
      const bytes = `HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\nhi`;
      const { client, message } = await relayed(bytes, false, request);
      const names = message.fields.map(([name]) => name);
      expect(names).toEqual(['A', 'Content-Length', 'B', 'a', 'C', 'date']);
      client.half();
    });

    it('is the upstream’s own when it is an error', async () => {
      const bytes = 'HTTP/1.1 503 So Busy\r\nContent-Length: 2\r\nRetry-After: 7\r\n\r\nno';
      const { client, message } = await relayed(bytes);
      expect([message.status, message.reason, message.body.toString()]).toEqual([503, 'So Busy', 'no']);
      expect(theValue(message, 'retry-after')).toBe('7');
      client.half();
    });

    it('has no fields of the connection, and all others byte for byte', async () => {
      const fields = [
        'Connection: x-gone',
        'X-Gone: 1',
        'Keep-Alive: timeout=5',
        'Set-Cookie: a',
        'Set-Cookie: b',
        'X: \xfc',
      ];
      const { client, message } = await relayed(answerOf('hello', ...fields));
      const names = message.fields.map(([name]) => name);
      expect(names.filter((name) => name === 'X-Gone' || name === 'Keep-Alive')).toEqual([]);
      expect(message.fields.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)).toEqual([
        'a',
        'b',
      ]);
      expect(theValue(message, 'x')).toBe('\xfc');
      client.half();
    });

    it('has its head and each piece passed on at once', async () => {
      const { server, upstream } = proxy;
      const client = await open(server.port);
      const opened = new Promise<(piece: string) => void>((resolve) => {
        upstream.onRequest = (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${CHUNKED}\r\n\r\n`);
          resolve((piece) => void socket.write(piece));
        };
      });
      client.send(head('GET', '/events'));
      const write = await opened;
      expect(await client.interim()).toMatch(/^HTTP\/1\.1 200 OK\r\n/); // a head alone
      for (const event of ['data: 1\n\n', 'data: 22\n\n']) {
        write(chunks(event));
        expect(await client.bytes(event.length + 5)).toBe(chunks(event));
      }
      write('0\r\n\r\n');
      expect(await client.bytes(5)).toBe('0\r\n\r\n');
      client.half();
    });

    it('has interim ones before it', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => {
        socket.write('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nKeep-Alive: timeout=5\r\n\r\n');
        socket.write(`HTTP/1.1 102 Processing\r\n\r\n${answerOf('hello')}`);
      };
      const client = await open(server.port);
      client.send(head('GET', '/'));
      expect(await client.interim()).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n');
      expect(await client.interim()).toBe('HTTP/1.1 102 Processing\r\n\r\n');
      expect((await client.message()).body.toString()).toBe('hello');
      client.half();
    });

    it('has none before it for a client of 1.0', async () => {
      const bytes = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answerOf('hello')}`;
      const { message } = await relayed(bytes, false, 'GET / HTTP/1.0\r\n\r\n');
      expect([message.status, message.body.toString()]).toEqual([200, 'hello']);
    });

    it('may come before the request has ended, which is then the connection’s last', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket) => void socket.write(answerOf('enough'));
      const client = await open(server.port);
      const answer = await client.send(`${head('POST', '/', CHUNKED)}${chunks('hello')}`).message();
      expect([answer.status, answer.body.toString(), theValue(answer, 'connection')]).toEqual([
        200,
        'enough',
        'close',
      ]);
      expect(await client.closed()).toBe('');
    });

    it('goes back while the request still comes', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket, _head, rest) => {
        socket.write(`HTTP/1.1 200 OK\r\n${CHUNKED}\r\n\r\n`);
        socket.write(rest);
        socket.pipe(socket); // its chunks, as they come
      };
      const client = await open(server.port);
      client.send(`${head('POST', '/', CHUNKED)}${chunks('one')}`);
      await client.interim(); // the head
      expect(await client.bytes(8)).toBe(chunks('one'));
      client.send(chunks('three'));
      expect(await client.bytes(10)).toBe(chunks('three'));
      client.send('0\r\n\r\n');
      expect(await client.bytes(5)).toBe('0\r\n\r\n');
      expect(await client.closed()).toBe('');
    });
  });

  describe('Expect', () => {
    const proxy = useProxy(start);
    const expecting = head('POST', '/', 'Content-Length: 5', 'Expect: 100-continue');

    it('goes to the upstream, whose 100 goes to the client', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket, _head, rest) => {
        expect(rest).toHaveLength(0);
        socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        socket.once('data', (body: Buffer) => socket.write(answerOf(body.toString(), 'Connection: close')));
      };
      const client = await open(server.port);
      expect(await client.send(expecting).interim()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      expect((await client.send('hello').message()).body.toString()).toBe('hello');
      client.half();
      expect(await client.closed()).toBe('');
    });

    it('is answered by the upstream instead', async () => {
      const { server, upstream } = proxy;
      upstream.onHead = (socket) =>
        void socket.write(
          'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nWWW-Authenticate: Basic\r\n\r\n',
        );
      const client = await open(server.port);
      const answer = await client.send(expecting).message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([401, 'close']);
      expect(await client.closed()).toBe('');
    });

    it('is answered without a 100 though the body has come: nothing behind it is done', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno');
      const client = await open(server.port);
      const answer = await client.send(`${expecting}hello${head('POST', '/next')}`).message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([503, 'close']);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([['POST / HTTP/1.1', 503]]);
      expect(upstream.requests.map(({ target }) => target)).toEqual(['/']);
    });

    it('of one whose upstream fails is the connection’s last: nothing behind it is done', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket) => void socket.destroy();
      const client = await open(server.port);
      const answer = await client.send(`${expecting}hello${head('POST', '/next')}`).message();
      expect([answer.status, theValue(answer, 'connection')]).toEqual([502, 'close']);
      expect(await client.closed()).toBe('');
      expect(await logged(server, 1)).toEqual([['POST / HTTP/1.1', 502]]);
      expect(upstream.requests.map(({ target }) => target)).toEqual(['/']);
    });

    it('doesn’t keep a client’s body that comes all the same', async () => {
      const { server, upstream } = proxy;
      upstream.onRequest = (socket, asked) => void socket.write(answerOf(asked.body.toString()));
      expect((await ask(server.port, `${expecting}hello`)).body.toString()).toBe('hello');
    });
  });
}
