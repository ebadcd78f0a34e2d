// What clients do while an upstream has their request: they read late, pipeline, end their side, go.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { open } from './client.ts';
import { settled } from './edge.ts';
import { useRelay } from './relay.ts';
import { head } from './suite/use-server.ts';
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
