import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { steadyLoad } from '../support/load.ts';
import { residentOf } from './support/builds.ts';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const crashes = build('crashes.c');
const leak = build('leak.c');
const LIMIT_MB = 160;

it.each(modes)('F5 leaks until memory is short: %s', async (mode) => {
  const scene = await openScene({
    mode,
    library: leak,
    routes: ['/leak'],
    settings: `max_memory = ${LIMIT_MB}m`,
  });
  const { server } = scene;
  const first = server.pid;
  // Slow enough that a look at the memory every 0.4 s is in time.
  const leaking = steadyLoad(server.port, { path: '/leak', body: 'leaked', connections: 2, pause: 10 });
  await scene.line(
    new RegExp(`^warning: process ${first} is replaced: it holds \\d+ MiB of memory, past max_memory`),
    8000,
  );
  await scene.replaced(first);
  const second = server.pid;
  await scene.replaced(second, 8000);
  await leaking.stop();
  expect(leaking.answered).toBeGreaterThan(LIMIT_MB / 2);
  expect([leaking.wrong, leaking.lost, leaking.refused]).toEqual([[], [], []]);
  expect(residentOf(server.pid)).toBeLessThan(2 * LIMIT_MB);
  await scene.pass();
  expect(scene.lines(/^error/)).toEqual([]);
});

it.each(
  ['/heap', '/heap-top', '/heap-far', '/stack'].flatMap((route) =>
    modes.map((mode) => [route, mode] as const),
  ),
)('F8 writes out of bounds: %s, %s', async (route, mode) => {
  const scene = await openScene({ mode, library: crashes, routes: [route] });
  const { pid } = scene.server;
  // Contained, or the process dies of it, and this request with it.
  const outcome = await scene.get(route).then(
    ({ status }) => status,
    () => 'lost',
  );
  expect([502, 'lost']).toContain(outcome);
  await scene.replaced(pid, 3000);
  await sleep(1500); // what was overwritten may be needed later
  const deaths = scene.lines(/^error: process \d+ (was killed|ended by itself|does not answer)/).length;
  const contained = scene.lines(new RegExp(`GET ${route}: crashed: SIG`)).length;
  expect(deaths + contained).toBeGreaterThan(0);
  expect(deaths).toBeLessThanOrEqual(1);
  await scene.pass(deaths);
});
