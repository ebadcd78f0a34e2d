// What clients do while an upstream has their request: they read late, pipeline, end their side, go.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { settled } from './edge.ts';
import { useRelay } from './relay.ts';
import { head, logged } from './suite/use-server.ts';
import { answerOf } from './upstream.ts';

const relayed = useRelay({
  count: 2,
  routes: ([a, b]) => `/one = ${a}\n/two = ${b}\n/lib/ = ./lib.so\n/big/ = ./lib.so\n[/big/]\nrun = inline\n`,
});

it('an answer that comes while the library’s before it is unread is passed on when that is read', async () => {
  const client = await open(relayed.server.port, { paused: true });
  const pairs = 300; // 18 MB: more than kernels hold
  client.send((head('GET', '/big/60000') + head('GET', '/one')).repeat(pairs));
  const reached = await settled(() => relayed.upstream.requests.length);
  expect(reached).toBeGreaterThan(0);
  expect(reached).toBeLessThan(pairs);
  let ends = 0;
  let tail = '';
  client.socket.on('data', (piece: Buffer) => {
    const text = tail + piece.toString('latin1');
    ends += text.split('hello').length - 1;
    tail = text.slice(-4);
  });
  await expect.poll(() => ends, { timeout: 10_000 }).toBe(pairs);
  client.half();
});

it('an answer that comes while the one before it is unread is passed on when that is read', async () => {
  const client = await open(relayed.server.port, { paused: true });
  const large = 'a'.repeat(12_000_000);
  relayed.upstreams[0].onRequest = (socket, { target }) =>
    void socket.write(answerOf(target === '/one/large' ? large : 'hello'));
  client.send(head('GET', '/one/large') + head('GET', '/two'));
  await sleep(300);
  expect(relayed.upstreams[1].requests.length).toBe(0);
  let tail = '';
  client.socket.on('data', (piece: Buffer) => {
    tail = (tail + piece.toString('latin1')).slice(-400);
  });
  await expect.poll(() => tail.endsWith('hello'), { timeout: 10_000 }).toBe(true);
  client.half();
});

it('interim answers that the client doesn’t take at once don’t stop the final one', async () => {
  const client = await open(relayed.server.port, { paused: true });
  const interim = `HTTP/1.1 103 Early Hints\r\nLink: ${'a'.repeat(60_000)}\r\n\r\n`;
  const batch = head('GET', '/one').repeat(20);
  relayed.upstream.onRequest = (socket) =>
    void socket.write(interim.repeat(16) + answerOf('hello'), 'latin1');
  client.send(batch);
  await settled(() => relayed.upstream.requests.length);
  let text = '';
  client.socket.on('data', (piece: Buffer) => {
    text += piece.toString('latin1').replaceAll('a', '');
  });
  await expect.poll(() => text.split('hello').length - 1, { timeout: 10_000 }).toBe(20);
  expect(text.split('HTTP/1.1 103').length - 1).toBe(16 * 20);
  client.half();
});

describe('a client that ends its side', () => {
  it.each([
    ['at once', (end: () => void, _asked: Promise<void>) => end()],
    ['while the upstream has its request', (end: () => void, asked: Promise<void>) => void asked.then(end)],
  ])('%s has all its answers, the last one as such', async (_when, when) => {
    let asked!: () => void;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    relayed.upstream.onRequest = (socket, { target }) => {
      asked();
      setTimeout(() => socket.write(answerOf(target)), 50);
    };
    const client = await open(relayed.server.port, { allowHalfOpen: true });
    client.send(head('GET', '/one/1') + head('GET', '/lib/2') + head('GET', '/one/3'));
    when(() => void client.half(), isAsked);
    expect((await client.message()).body.toString()).toBe('/one/1');
    expect((await client.message()).body.toString()).toBe('/lib/2\n');
    const last = await client.message();
    expect(last.body.toString()).toBe('/one/3');
    expect(last.fields).toContainEqual(['connection', 'close']);
    expect(await client.closed()).toBe('');
  });

  it('in a body has the rest of it', async () => {
    relayed.upstream.onRequest = async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello');
      await expect.poll(() => halved).toBe(true);
      socket.write('world');
    };
    let halved = false;
    const client = await open(relayed.server.port, { allowHalfOpen: true });
    client.send(head('GET', '/one'));
    await once(client.socket, 'data');
    client.half();
    halved = true;
    expect((await client.message()).body.toString()).toBe('helloworld');
    expect(await client.closed()).toBe('');
  });
});

describe.each([
  ['before it is answered', ''],
  ['in the head', 'HTTP/1.1 200 OK\r\nContent-'],
  ['in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'],
])('a client that goes %s', (_when, begun) => {
  it('takes the upstream’s connection along, and is in the log once', async () => {
    const client = await open(relayed.server.port);
    const closed = new Promise<void>((resolve) => {
      relayed.upstream.onRequest = (socket) => {
        socket.on('close', () => resolve());
        socket.write(begun);
        // When all of it has been taken.
        setTimeout(() => client.reset(), 50);
      };
    });
    client.send(head('GET', '/one/gone') + head('GET', '/two/never'));
    await closed;
    expect(await logged(relayed.server, 1)).toEqual([['GET /one/gone HTTP/1.1', 499]]);
    expect(relayed.upstreams[1].requests.length).toBe(0);
    expect(relayed.server.faults).toEqual([]);
  });
});

it('many clients that go leave no descriptor', async () => {
  const count = () => readdirSync('/proc/self/fd').length;
  const isQuiet = () =>
    relayed.upstreams.every(({ connections }) => connections.every(({ closed }) => closed));
  for (const { connections } of relayed.upstreams) for (const socket of connections) socket.end();
  await expect.poll(isQuiet).toBe(true);
  const before = count();
  let asked = 0;
  for (const upstream of relayed.upstreams) upstream.onRequest = () => void asked++;
  const clients = await Promise.all(Array.from({ length: 100 }, () => open(relayed.server.port)));
  for (const [i, client] of clients.entries()) client.send(head('GET', i % 2 ? '/one' : '/two'));
  await expect.poll(() => asked).toBe(100);
  for (const client of clients) client.reset();
  await expect.poll(isQuiet, { timeout: 10_000 }).toBe(true);
  await expect.poll(count, { timeout: 10_000 }).toBeLessThanOrEqual(before);
  expect((await logged(relayed.server, 100)).every(([, status]) => status === 499)).toBe(true);
});
