import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { open } from './client.ts';
import { startNodeDoor } from './start.ts';
import { head } from './suite/use-server.ts';

it('closes what is idle at once, and lets what is in flight finish', async () => {
  const server = await startNodeDoor();
  const [unused, idle, busy] = await Promise.all([1, 2, 3].map(() => open(server.port)));
  idle.send(head('GET', '/1'));
  await idle.response();
  busy.send(head('GET', '/sleep/400'));
  await sleep(100);
  const begun = performance.now();
  const closed = server.close(5000);
  await Promise.all([unused.closed(), idle.closed()]);
  expect(performance.now() - begun).toBeLessThan(200);
  await expect(open(server.port)).rejects.toThrow('ECONNREFUSED');
  expect((await busy.response()).fields.at(-1)).toEqual(['connection', 'close']);
  await closed;
  expect(server.held()).toEqual({ calls: 0, inFlight: 0, bytes: 0 });
});

it('cuts what is left after the grace', async () => {
  const server = await startNodeDoor();
  const client = await open(server.port);
  client.send(head('GET', '/sleep/1500'));
  await sleep(100);
  const begun = performance.now();
  await server.close(300);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(295);
  expect(performance.now() - begun).toBeLessThan(1000);
  expect(await client.closed()).toBe('');
  await expect.poll(() => server.held().calls, { timeout: 5000 }).toBe(0);
});
