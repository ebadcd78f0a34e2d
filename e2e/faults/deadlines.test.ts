import { afterEach, expect, it } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { build, endScenes, modes, openScene } from './support/scene.ts';

afterEach(endScenes);

const library = build('crashes.c');
const TIMEOUT = 300;

it.each(modes)('F3 infinite loop; sleep past the deadline: %s', async (mode) => {
  // Times are measured here: the client must not be short of a processor.
  const routes = ['/spin', '/sleep'];
  const scene = await openScene({ mode, library, routes, timeout: `${TIMEOUT}ms`, pause: 2 });
  const { server } = scene;
  const { pid } = server;
  const { threads } = server.resources();
  for (const route of ['/spin', '/sleep']) {
    await scene.get(`${route}/fine`);
    const asked = performance.now();
    const { status } = await scene.get(route);
    const took = performance.now() - asked;
    expect(status).toBe(504);
    expect(took).toBeGreaterThanOrEqual(TIMEOUT - 1);
    expect(took).toBeLessThanOrEqual(TIMEOUT + 100);
    expect((await scene.get(`${route}/fine`)).status).toBe(200);
  }
  // Nobody waits for longer than the call that he had to wait for.
  expect(scene.load.slowest).toBeLessThan(2 * TIMEOUT);
  // In the pool the calls go on for ever, and so would their threads: only the end of the process ends them.
  await scene.line(
    new RegExp(
      `^warning: process ${pid} is replaced: ${mode === 'pool' ? 'a call does not end' : 'it has stopped a call'}`,
    ),
  );
  await scene.replaced(pid);
  await scene.pass();
  await expect.poll(() => isAlive(pid), { timeout: 12_000 }).toBe(false);
  expect(server.resources().threads).toBeLessThanOrEqual(threads + 1); // libuv makes its own when it needs them
  expect(scene.lines(/killed/)).toEqual([]);
});

it('F3 infinite loop; sleep past the deadline: more calls than there are threads', async () => {
  const scene = await openScene({
    mode: 'pool',
    library,
    routes: ['/sleep'],
    timeout: `${TIMEOUT}ms`,
    pause: 2,
  });
  const { pid } = scene.server;
  const stuck = await Promise.all(Array.from({ length: 3 }, () => scene.get('/sleep')));
  expect(stuck.map(({ status }) => status)).toEqual([504, 504, 504]);
  expect((await scene.get('/sleep/fine')).status).toBe(200);
  expect(scene.server.pid).toBe(pid);
  expect(scene.load.slowest).toBeLessThan(2 * TIMEOUT);
  await scene.replaced(pid);
  await scene.pass();
});
