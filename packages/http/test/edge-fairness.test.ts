// A flood on the edge leaves the process's other guests, and its own other clients, their time.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { open } from './client.ts';
import { bodies, inline, pool, routes } from './edge.ts';
import { type EdgeProcess, flood, startEdgeProcess } from './edge-process.ts';

const FLOOD_MS = 2000;

let server: EdgeProcess;
beforeAll(async () => {
  server = await startEdgeProcess({ routes: routes() });
});
afterAll(() => server.stop());

const quantile = (values: number[], part: number) =>
  values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))];

async function timed(run: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await run();
  return performance.now() - begun;
}

/** As often as there is time for it, one after the other. */
async function repeat(until: number, run: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  while (performance.now() < until) {
    times.push(await timed(run));
    await sleep(5);
  }
  return times;
}

const askNeighbour = () =>
  new Promise<void>((resolve, reject) => {
    get({ port: server.neighbour, host: '127.0.0.1' }, (response) => response.resume().on('end', resolve)).on(
      'error',
      reject,
    );
  });

describe.each([
  ['inline', 8, inline('/flood').repeat(400)],
  ['pooled', 8, pool('/flood').repeat(100)],
  ['mixed, from very many,', 200, pool('/flood') + inline('/flood').repeat(300)],
  ['rather large', 8, inline(`/${'a'.repeat(7000)}`).repeat(20)],
])('a flood of %s requests', (_what, connections, batch) => {
  it('starves nobody', async () => {
    await server.stats();
    const until = performance.now() + FLOOD_MS;
    const floods = Array.from({ length: connections }, () =>
      flood(server.port, batch, () => performance.now() > until),
    );
    const client = await open(server.port);
    const [polite, neighbour, signals] = await Promise.all([
      repeat(until, async () => {
        client.send(inline('/polite'));
        expect(await bodies(client, 1)).toEqual(['/polite\n']);
      }),
      repeat(until, askNeighbour),
      repeat(until, server.signal),
    ]);
    const { gaps } = await server.stats();
    await Promise.all(floods);
    client.half();
    // What the machine itself does to a process is left out: one in fifty.
    expect(gaps.length, 'ticks').toBeGreaterThan(FLOOD_MS / 10 / 4);
    expect(gaps[Math.floor(gaps.length / 50)], 'a tick').toBeLessThan(100);
    expect(gaps[0], 'the latest tick').toBeLessThan(400);
    for (const [who, times] of Object.entries({ polite, neighbour, signals })) {
      expect(times.length, who).toBeGreaterThan(3);
      expect(quantile(times, 0.5), who).toBeLessThan(connections < 20 ? 150 : 600);
    }
  });
});

it('a busy node:http server leaves the edge its time', async () => {
  const until = performance.now() + FLOOD_MS;
  const batch = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100);
  const floods = Array.from({ length: 8 }, () =>
    flood(server.neighbour, batch, () => performance.now() > until),
  );
  const client = await open(server.port);
  const [inlineTimes, poolTimes] = await Promise.all([
    repeat(until, async () => {
      client.send(inline('/polite'));
      expect(await bodies(client, 1)).toEqual(['/polite\n']);
    }),
    (async () => {
      const other = await open(server.port);
      const times = await repeat(until, async () => {
        other.send(pool('/polite'));
        expect(await bodies(other, 1)).toEqual(['/polite\n']);
      });
      other.half();
      return times;
    })(),
  ]);
  for (const batches of await Promise.all(floods)) expect(batches).toBeGreaterThan(3);
  for (const times of [inlineTimes, poolTimes]) {
    // Who is starved is served when the flood has ended.
    expect(times.length).toBeGreaterThan(5);
    expect(quantile(times, 0.5)).toBeLessThan(FLOOD_MS / 5);
  }
  client.half();
});
