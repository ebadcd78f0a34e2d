import { readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { compile } from '../support/library.ts';
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
  // The author is told where.
  const [spin, doze] =
    mode === 'pool'
      ? ['still in spin', 'still in .*, called from doze']
      : ['stopped in spin', 'stopped in .*, called from doze'];
  const why = mode === 'pool' ? `no answer within ${TIMEOUT} ms` : 'took too long';
  await scene.line(new RegExp(`^error: .*: generation 1, GET /spin: ${why}: ${spin}\\+0x`));
  await scene.line(new RegExp(`^error: .*: generation 1, GET /sleep: ${why}: ${doze}\\+0x`));
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

// Until some time after its deadline, in all the ways in which a thread may be met.
const LATE = `
  #include <stdlib.h>
  #include <string.h>
  #include <time.h>
  #include <unistd.h>
  static flexilib_response response = {.ptr = "fine", .len = 4};
  static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
  }
  __attribute__((noinline)) void go_on(double end, size_t turn) {
    for (volatile size_t i = 0; now() < end; i++) {
      if (turn % 3 == 0) usleep(1000);
      if (turn % 3 == 1) free(memset(malloc(i % 3000 + 1), 1, i % 3000 + 1));
    }
  }
  flexilib_response *handle_request(flexilib_request *request) {
    static _Atomic size_t turn;
    go_on(now() + 110 + turn % 50, turn);
    turn++;
    return &response;
  }`;

it('F3 infinite loop; sleep past the deadline: sixty times, and memory does not grow', async () => {
  const scene = await openScene({
    mode: 'pool',
    library: compile(LATE),
    routes: ['/late'],
    timeout: '100ms',
    pause: 10,
  });
  const { pid } = scene.server;
  const told = () => scene.lines(/GET \/late: no answer within 100 ms: still in /).length;
  const untilTold = (count: number) =>
    Promise.all(
      Array.from({ length: 4 }, async () => {
        while (told() < count) expect((await scene.get('/late')).status).toBe(504);
      }),
    );
  const held = () =>
    Number(/^Private_Dirty: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]);
  await untilTold(20);
  const before = held();
  await untilTold(60);
  expect(held() - before).toBeLessThan(3000);
  expect(scene.lines(/\bgo_on\+0x.*|clock_nanosleep/).length).toBeGreaterThanOrEqual(60);
  expect(scene.server.pid).toBe(pid); // they have returned: nothing is wrong
  await scene.pass();
});
