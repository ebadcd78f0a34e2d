// When the memory that requests are read into runs out, connections go to node:http, which has more: nothing is lost or mixed
// up; and who only reads slowly needs none of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { heldBytes } from '../src/held.ts';
import { type Client, open } from './client.ts';
import { answers, inline, pool, routes } from './edge.ts';
import { startEdgeDoor } from './start.ts';

const nothing = { calls: 0, inFlight: 0, bytes: 0 };
/** With a queue of nothing there is a slab for each of four threads, and 256. */
const MORE_THAN_SLABS = 264;

const crowd = (port: number): Promise<Client[]> =>
  Promise.all(Array.from({ length: MORE_THAN_SLABS }, () => open(port)));

it('a connection that goes after its 504 has had it', async () => {
  const server = await startEdgeDoor({
    routes: '/slow = ./slow.so\n/ = ./lib.so\n[/]\ntimeout = 500ms\n',
    maxQueue: 0,
  });
  const [late, ...others] = [await open(server.port), ...(await crowd(server.port))];
  expect(await answers(late.send(pool('/1')), 1)).toEqual(['200 /1']);
  late.send(pool('/sleep/1500'));
  await sleep(100);
  // They hold every slab until their library is there.
  for (const [i, other] of others.entries()) other.send(pool(`/slow/${i}`));
  await expect.poll(() => server.edge().handedOver).toBeGreaterThan(0);
  late.send(pool('/2'));
  expect(await answers(late, 2)).toEqual(['504 Gateway Timeout', '200 /2']);
  const statuses = await Promise.all(others.map(async (other) => (await other.response()).status));
  expect(new Set(statuses)).toEqual(new Set([200, 503])); // there is no queue
  for (const client of [late, ...others]) client.half();
  for (const client of [late, ...others]) expect(await client.closed()).toBe('');
  await expect.poll(server.held, { timeout: 5000 }).toEqual(nothing);
  await server.close(0);
});

it('a slow reader holds none of it', async () => {
  const server = await startEdgeDoor({ routes: routes() });
  for (const ask of [inline, pool]) {
    const reader = await open(server.port, { paused: true });
    reader.send(ask('/big/30000000'));
    await expect.poll(heldBytes).toBeGreaterThan(10_000_000);
    expect(server.held().bytes).toBe(heldBytes()); // of its answer alone
    reader.socket.destroy();
    await expect.poll(server.held).toEqual(nothing);
  }
  await server.close(0);
});
