// The edge's answers when the client doesn't take them at once: to whom they go, in which order, and what the log says.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { answers, bodies, inline, pool, routes, settled } from './edge.ts';
import { startEdgeDoor } from './start.ts';
import type { Served } from './suite/served.ts';
import { logged, useServer } from './suite/use-server.ts';

const LARGE = 60_000; // fits the window
const large = inline(`/big/${LARGE}`);

/** How many large answers are too much for a client that doesn't read. */
async function measure(server: Served): Promise<number> {
  const client = await open(server.port, { paused: true });
  client.send(large.repeat(500));
  const taken = await settled(() => server.access.length);
  expect(taken).toBeLessThan(500);
  client.reset();
  await logged(server, taken + 1);
  server.access.length = 0;
  return taken;
}

describe('behind answers that the client leaves', () => {
  const server = useServer(startEdgeDoor, { routes: routes('timeout = 60ms') });
  let fill: number;

  it.each([
    ['a NULL', '/null', '500 Internal Server Error\n'],
    ['a crash', '/crash', '502 Bad Gateway\n'],
    ['a deadline', '/sleep/120', '504 Gateway Timeout\n'],
    ['an answer of the pool', '/fine', '200 /fine\n'],
    ['a large answer of the pool', '/big/100000', `200 ${'b'.repeat(100_000)}`],
  ])('%s reaches that client, and no other', async (_what, target, told) => {
    fill ??= await measure(server);
    const other = await open(server.port);
    const client = await open(server.port, { paused: true });
    const pairs = 20;
    client.send(large.repeat(fill - 5) + (large + pool(target)).repeat(pairs));
    await settled(() => server.access.length);
    const taken = server.access.length - (fill - 5);
    expect(taken).toBeGreaterThan(0);
    expect(taken).toBeLessThan(2 * pairs);
    for (let i = 0; i < 10; i++) {
      other.send(inline(`/other/${i}`) + pool(`/other/pool/${i}`));
      expect(await answers(other, 2)).toEqual([`200 /other/${i}`, `200 /other/pool/${i}`]);
    }
    const pieces: Buffer[] = [];
    client.socket.on('data', (piece: Buffer) => pieces.push(piece));
    await logged(server, fill - 5 + 2 * pairs + 20);
    await settled(() => pieces.length, 50);
    const seen = Buffer.concat(pieces).toString('latin1').split('HTTP/1.1 ').slice(1);
    expect(seen).toHaveLength(fill - 5 + 2 * pairs);
    for (const [i, text] of seen.entries()) {
      const answer = `${text.slice(0, 3)} ${text.slice(text.indexOf('\r\n\r\n') + 4)}`;
      const isLarge = i < fill - 5 || (i - (fill - 5)) % 2 === 0;
      expect(answer).toBe(isLarge ? `200 ${'b'.repeat(LARGE)}` : told);
    }
    client.half();
    other.half();
  });
});

describe('the log of one connection', () => {
  const server = useServer(startEdgeDoor, { routes: routes() });
  const requests = [
    (i: number) => inline(`/a/${i}`),
    (i: number) => pool(`/b/${i}`),
    (i: number) => inline(`/big/70000?${i}`), // larger than the window
    (i: number) => inline(`/big/20000?${i}`),
    (i: number) => pool(`/big/90000?${i}`),
    (i: number) => inline(`/null/${i}`),
    (i: number) => pool(`/sleep/2?${i}`),
    (i: number) => inline(`/${'long'.repeat(500)}/${i}`),
  ];
  const rounds = 40;
  const text = Array.from({ length: rounds * requests.length }, (_, i) => requests[i % requests.length](i));
  const lines = text.map((request) => request.slice(0, request.indexOf('\r\n')));

  it.each([
    ['reads at once', false, 0],
    ['reads late', true, 400],
  ])('has all lines in order, whole and true, of a client that %s', async (_how, paused, delay) => {
    const client = await open(server.port, { paused });
    const begun = performance.now();
    client.send(text.join(''));
    await sleep(delay);
    if (paused) client.socket.on('data', () => {});
    const told = await logged(server, lines.length);
    const took = performance.now() - begun;
    expect(told.map(([line]) => line)).toEqual(lines);
    for (const [i, { status, ttfb, ttlb, bytes, peer }] of server.access.entries()) {
      expect(peer).toBe(`127.0.0.1:${client.socket.localPort}`);
      expect(status).toBe(i % requests.length === 5 ? 500 : 200);
      expect(ttfb).toBeGreaterThanOrEqual(0);
      expect(ttlb).toBeGreaterThanOrEqual(ttfb);
      expect(ttlb).toBeLessThanOrEqual(took);
      const size = /big\/(\d+)/.exec(lines[i])?.[1];
      if (size) expect(bytes).toBe(Number(size));
      if (lines[i].includes('/sleep/')) expect(ttfb).toBeGreaterThanOrEqual(2);
    }
    expect(server.faults).toHaveLength(rounds);
    client.half();
  });

  it('tells in order of all that a client leaves behind', async () => {
    const fill = (await measure(server)) - 5;
    const client = await open(server.port, { paused: true });
    client.send(large.repeat(fill) + (large + pool('/sleep/500')).repeat(20));
    // Until a large one is not taken, and the executor behind it runs.
    let taken = 0;
    for (let last = 0; last === 0 || last % 2 !== 0; last = taken - fill)
      taken = await settled(() => server.access.length, 100);
    expect(server.held().inFlight).toBe(1);
    client.reset();
    const told = await logged(server, taken + 2);
    expect(told.slice(taken)).toEqual([
      [`GET /big/${LARGE} HTTP/1.1`, 499],
      ['GET /sleep/500 HTTP/1.1', 499],
    ]);
  });

  it('has the lines of clients that come and go', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => open(server.port)));
    for (const [i, client] of clients.entries()) {
      client.send(Array.from({ length: 50 }, (_, n) => (n % 7 ? inline : pool)(`/${i}/${n}`)).join(''));
    }
    for (const [i, client] of clients.entries())
      expect(await bodies(client, 50)).toEqual(Array.from({ length: 50 }, (_, n) => `/${i}/${n}\n`));
    await logged(server, 1000);
    for (const [i, client] of clients.entries()) {
      const peer = `127.0.0.1:${client.socket.localPort}`;
      const own = server.access.filter((record) => record.peer === peer);
      expect(own.map(({ requestLine }) => requestLine)).toEqual(
        Array.from({ length: 50 }, (_, n) => `GET /${i}/${n} HTTP/1.1`),
      );
      client.half();
    }
  });
});
