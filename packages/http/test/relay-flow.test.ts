// Answers on the fast way: in pieces of any size, to clients of any speed, in the order of their requests.
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { settled } from './edge.ts';
import { useRelay } from './relay.ts';
import { head, logged } from './suite/use-server.ts';
import { answerOf } from './upstream.ts';

const relayed = useRelay({
  count: 3,
  routes: ([a, b, c]) =>
    `/lib/ = ./lib.so\n/inline/ = ./lib.so\n/a/ = ${a}\n/b/ = ${b}\n/slow/ = ${c}\n/set/ = ${a}\n` +
    '[/inline/]\nrun = inline\n[/set/]\nset_response_header = X-Set: yes\nremove_response_header = Server\n',
});

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const hints = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';

/** Writes the text in pieces that end there, each after the one before was read, most likely. */
async function write(socket: Socket, text: string, ends: number[]): Promise<void> {
  let at = 0;
  for (const end of [...ends, text.length]) {
    if (end > at) socket.write(text.slice(at, end), 'latin1');
    at = end;
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe.each<[string, string, body: string, method?: string, end?: boolean]>([
  ['a length', answerOf('hello'), 'hello'],
  ['no body', answerOf(''), ''],
  ['chunks', `${CHUNKED}5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: a\r\n\r\n`, 'hello world'],
  ['its end', 'HTTP/1.1 200 OK\r\nServer: a\r\n\r\nhello', 'hello', 'GET', true],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'hello', 'GET', true],
  ['a HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', '', 'HEAD'],
  ['204', 'HTTP/1.1 204 No\r\nServer: a\r\n\r\n', ''],
  ['304', 'HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n', ''],
  ['interim ones before it', `${hints}${hints}${answerOf('hello')}`, 'hello'],
  ['a field that is taken out last', answerOf('hello', 'Server: a', 'Connection: keep-alive'), 'hello'],
])('an answer with %s', (_what, text, body, method = 'GET', end = false) => {
  it.each(['/a/', '/set/'])('is the same wherever it is cut, from %s', async (target) => {
    const isHead = method === 'HEAD';
    const seen = new Set<string>();
    const cuts = [
      ...Array.from({ length: text.length }, (_, i) => [i]),
      Array.from({ length: text.length }, (_, i) => i),
    ];
    const client = await open(relayed.server.port);
    for (const ends of cuts) {
      relayed.upstream.onRequest = async (socket) => {
        await write(socket, text, ends);
        if (end) socket.end();
      };
      client.send(head(method, target));
      let message = await client.message({ head: isHead });
      let interims = 0;
      for (; message.status < 200; interims++) message = await client.message({ head: isHead });
      expect(message.body.toString()).toBe(body);
      const fields = message.fields.filter(([name]) => name !== 'date');
      seen.add(JSON.stringify([message.status, message.reason, fields, message.trailers, interims]));
    }
    expect([...seen]).toHaveLength(1);
    const [all] = seen;
    expect(all.includes('X-Set')).toBe(target === '/set/');
    if (target === '/set/') expect(all).not.toContain('Server');
    expect(all.toLowerCase()).not.toContain('connection');
    client.half();
    expect(await client.closed()).toBe('');
    const lines = relayed.server.access.map(({ status, bytes }) => `${status} ${bytes}`);
    expect(new Set(lines).size).toBe(1);
    expect(lines[0]).toBe(`${JSON.parse(all)[0]} ${body.length}`);
  });
});

it('requests to libraries and upstreams are answered in their order', async () => {
  for (const upstream of relayed.upstreams) {
    upstream.onRequest = async (socket, { target }) => {
      if (target.startsWith('/slow/')) await sleep(30);
      socket.write(answerOf(target));
    };
  }
  const routes = ['/lib/', '/inline/', '/a/', '/b/', '/slow/'];
  const targets = Array.from({ length: 120 }, (_, i) => `${routes[(i * 7 + (i >> 3)) % 5]}${i}`);
  const client = await open(relayed.server.port);
  client.send(targets.map((target) => head('GET', target)).join(''));
  for (const target of targets) expect((await client.message()).body.toString().trim()).toBe(target);
  client.half();
  expect(await client.closed()).toBe('');
  expect((await logged(relayed.server, 120)).map(([line]) => line)).toEqual(
    targets.map((target) => `GET ${target} HTTP/1.1`),
  );
});

describe.each([
  [
    'by length',
    (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`,
    (data: string) => data,
    '',
  ],
  ['in chunks', () => CHUNKED, (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`, '0\r\n\r\n'],
  ['until its end', () => 'HTTP/1.1 200 OK\r\n\r\n', (data: string) => data, ''],
])('a large answer %s', (how, first, render, last) => {
  it('to a client that doesn’t read isn’t read either, and then arrives whole', async () => {
    const data = 'abcdefghijklmnop'.repeat(4096); // 64 KiB
    const count = 500; // 32 MB
    let written = 0;
    relayed.upstream.onRequest = async (socket) => {
      socket.write(first(count * data.length));
      for (let i = 0; i < count; i++) {
        written += data.length;
        if (!socket.write(render(data))) await new Promise((resolve) => socket.once('drain', resolve));
      }
      if (how === 'until its end') socket.end();
      else socket.write(last);
    };
    const client = await open(relayed.server.port, { paused: true });
    client.send(head('GET', '/a/'));
    await settled(() => written);
    expect(written).toBeLessThan((count * data.length) / 2); // the kernel’s buffers, of two connections
    expect(relayed.server.held().bytes).toBeLessThanOrEqual(4 * (96 << 10));
    let received = 0;
    let most = 0;
    client.socket.on('data', (piece: Buffer) => {
      received += piece.length;
      most = Math.max(most, relayed.server.held().bytes);
    });
    await expect.poll(() => received, { timeout: 20_000 }).toBeGreaterThan(count * data.length);
    expect(most).toBeLessThanOrEqual(4 * (96 << 10));
    await expect
      .poll(() => relayed.server.access.map(({ status, bytes }) => [status, bytes]))
      .toEqual([[200, count * data.length]]);
    client.half();
  });
});
