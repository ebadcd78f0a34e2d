// Clients that ask for more than they take: the server stops reading, its memory stays bounded, and nothing is lost.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { inline, pool, routes } from './edge.ts';
import { type EdgeProcess, startEdgeProcess } from './edge-process.ts';

let server: EdgeProcess;
beforeAll(async () => {
  server = await startEdgeProcess({ routes: routes() });
});
afterAll(() => server.stop());

async function dial(): Promise<Socket> {
  const socket = connect({ port: server.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** Reads slowly, until the text comes. */
async function takeUntil(socket: Socket, end: string): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of socket) {
    pieces.push(piece);
    if (piece.toString('latin1').endsWith(end)) break;
    if (pieces.length % 64 === 0) await sleep(5);
  }
  return Buffer.concat(pieces).toString('latin1');
}

const nothing = { calls: 0, inFlight: 0, bytes: 0 };
const held = async () => (await server.stats()).held;

it.each([
  ['inline', inline, 60_000],
  ['pooled', pool, 40_000],
])('many thousands of %s requests wait while their client doesn’t read', async (_what, ask, many) => {
  const socket = await dial();
  const before = await server.stats();
  socket.write(Array.from({ length: many }, (_, i) => ask(`/${i}?${'a'.repeat(150)}`)).join(''));
  let taken = -1;
  for (let now = 0; now !== taken; await sleep(150)) {
    taken = now;
    now = (await server.stats()).requests;
  }
  const after = await server.stats();
  expect(after.requests - before.requests).toBeLessThan(many);
  expect(after.held.bytes).toBeLessThanOrEqual(170_000); // a slab of requests, a window of answers
  expect(after.held.calls).toBeLessThanOrEqual(1);
  expect((after.dirty - before.dirty) / 1024).toBeLessThan(8);
  // All answers, in order.
  const text = await takeUntil(socket, `\r\n\r\n/${many - 1}?${'a'.repeat(150)}\n`);
  const targets = [...text.matchAll(/\r\n\r\n\/(\d+)\?/g)].map(([, number]) => Number(number));
  expect(targets).toEqual(Array.from({ length: many }, (_, i) => i));
  await expect.poll(held).toEqual(nothing);
});

it.each([
  ['inline', inline],
  ['pooled', pool],
])('large answers, %s, reach many slow readers whole', { timeout: 60_000 }, async (_what, ask) => {
  const size = 30_000_000;
  const readers = 5;
  const sockets = await Promise.all(Array.from({ length: readers }, dial));
  // Two on each, and small ones between: what is not taken is held once, not twice.
  for (const socket of sockets)
    socket.write(ask('/1') + ask(`/big/${size}`) + ask('/2') + ask(`/big/${size}`) + ask('/3'));
  // When the executors have returned, there is one answer for each.
  await expect.poll(async () => (await held()).calls, { timeout: 10_000 }).toBe(readers);
  await sleep(100);
  expect((await held()).calls).toBe(readers);
  // malloc keeps for each thread what it has freed: that is not more for more answers.
  expect((await server.stats()).dirty / 1024).toBeLessThan(600);
  const answers = await Promise.all(sockets.map((socket) => takeUntil(socket, '\r\n\r\n/3\n')));
  for (const text of answers) {
    const parts = text.split(/HTTP\/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)+\r\n/);
    expect(parts.map((part) => part.length)).toEqual([0, 3, size, 3, size, 3]);
    expect([parts[1], parts[3], parts[5]]).toEqual(['/1\n', '/2\n', '/3\n']);
    expect(/^b+$/.test(parts[2]) && /^b+$/.test(parts[4])).toBe(true);
  }
  await expect.poll(held).toEqual(nothing);
});
