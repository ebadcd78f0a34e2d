// What stays behind, over very many requests: nothing. And what a request leaves to the garbage collector: next to nothing.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { open } from './client.ts';
import { inline, pool, routes } from './edge.ts';
import type { ChildStats } from './edge-child.ts';
import { type EdgeProcess, flood, startEdgeProcess } from './edge-process.ts';

const CONNECTIONS = 4;
const HEAP_MAX = 200_000;
/** Kilobytes: pages of stacks, of arenas and of V8's come and go. */
const DIRTY_MAX = 4096;
/** Bytes a request. */
const GARBAGE_MAX = 400;
const BURST = 500;

let server: EdgeProcess;
beforeAll(async () => {
  server = await startEdgeProcess({ routes: routes() });
});
afterAll(() => server.stop());

async function run(batch: string, requests: number): Promise<void> {
  const batches = Math.ceil(requests / CONNECTIONS / (batch.split('HTTP/1.1\r\n').length - 1));
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => flood(server.port, batch, (done) => done >= batches)),
  );
}

it.each([
  ['inline', 1_000_000, inline('/one').repeat(500)],
  ['pooled', 60_000, pool('/one').repeat(100)],
  ['larger than a slab', 60_000, inline(`/${'a'.repeat(2000)}`).repeat(100)],
])('nothing is retained, %s, over %i', { timeout: 120_000 }, async (_what, requests, batch) => {
  await run(batch, requests / 5);
  const [a, b, c] = [
    await server.stats(),
    await run(batch, requests / 2).then(server.stats),
    await run(batch, requests / 2).then(server.stats),
  ];
  const asked = c.requests - a.requests;
  expect(asked).toBeGreaterThanOrEqual(requests);
  expect(c.lines - a.lines).toBe(asked);
  expect(c.held).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
  // What is retained grows in both halves; V8's own tables and code do so once.
  console.log(
    `over ${asked} requests: heap ${c.heap - a.heap} bytes, private dirty ${c.dirty - a.dirty} kB, ` +
      `garbage ${Math.round((c.garbage - a.garbage) / asked)} bytes a request`,
  );
  const grown = (value: (stats: ChildStats) => number) => Math.min(value(b) - value(a), value(c) - value(b));
  expect(grown(({ heap }) => heap)).toBeLessThan(HEAP_MAX);
  expect(grown(({ dirty }) => dirty)).toBeLessThan(DIRTY_MAX);
  expect((c.garbage - a.garbage) / asked).toBeLessThan(GARBAGE_MAX);
});

it('what a burst has needed is given back, and the next one gets it again', async () => {
  // So that malloc gives back at once what calls were in.
  const own = await startEdgeProcess({ routes: routes() }, ['env', 'MALLOC_MMAP_THRESHOLD_=8192']);
  for (let i = 0; i < 2; i++) {
    const clients = await Promise.all(Array.from({ length: BURST }, () => open(own.port)));
    for (const client of clients) client.send(pool('/sleep/20'));
    for (const client of clients) expect((await client.response()).status).toBe(200);
    for (const { socket } of clients) socket.destroy();
    const kept = (await own.stats()).dirty;
    await own.trim();
    expect(kept - (await own.stats()).dirty).toBeGreaterThan(BURST * 3.5); // kilobytes: of slabs and calls
  }
  await own.stop();
});

it('code that was compiled for requests stays when memory is given back and nobody is connected', async () => {
  const own = await startEdgeProcess({ routes: routes() }, [], ['--trace-deopt']);
  let told = '';
  own.child.stdout!.on('data', (text) => {
    told += text;
  });
  for (let i = 0; i < 3; i++) await flood(own.port, inline('/one').repeat(100), (done) => done >= 1000);
  await own.trim();
  await own.stats(); // collects garbage
  const lost = /marking dependent code .*SharedFunctionInfo (\w*)>.*embedded weak objects cleared/g;
  const names = [...told.matchAll(lost)].map(([, name]) => name);
  for (const name of ['pump', 'parseRequest', 'runInline', 'rest', 'advance'])
    expect(names).not.toContain(name);
  await own.stop();
});
