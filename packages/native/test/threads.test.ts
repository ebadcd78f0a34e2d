import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Library, type Runtime, startRuntime } from '../src/index.ts';
import { buildLibrary } from './build.ts';

/** A library whose flexilib_load starts a thread that does this, until stop is set or for ever. */
const threading = (work: string, unload = '', load = '') => `
#include <pthread.h>
#include <time.h>
#include <unistd.h>
static volatile int stop;
static pthread_t thread;
__attribute__((noinline)) static void *work(void *arg) { ${work} return arg; }
void flexilib_load(const flexilib_host *host) { (void)host; pthread_create(&thread, NULL, work, NULL); ${load} }
void flexilib_unload(void) { ${unload} }
flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }`;
const sleeper = threading('for (;;) sleep(1000);');
const quiet = 'flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }';

let runtime: Runtime;
let id = 0;
beforeAll(() => {
  runtime = startRuntime({ threads: 2, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());

const isMapped = (path: string) => readFileSync('/proc/self/maps', 'utf8').includes(path);
async function load(path: string): Promise<Library> {
  const loaded = await runtime.load(path, ++id);
  if ('code' in loaded) throw new Error(loaded.text);
  return loaded;
}
/** Loads and unloads; gives how long the second took. */
async function live(path: string) {
  const library = await load(path);
  await sleep(20); // its thread gets to where it stays
  const begun = performance.now();
  const { stillMapped, threads, crash } = await runtime.unload(library);
  expect(crash).toBeNull();
  expect(isMapped(path)).toBe(stillMapped);
  return { stillMapped, threads, ms: performance.now() - begun };
}

it('unloads at once when flexilib_unload has joined the thread', async () => {
  const path = buildLibrary(
    threading('while (!stop) usleep(1000);', 'stop = 1; pthread_join(thread, NULL);'),
  );
  const { ms, ...result } = await live(path);
  expect(result).toEqual({ stillMapped: false, threads: 0 });
  expect(ms).toBeLessThan(200);
});

it('waits for a thread that ends after flexilib_unload', async () => {
  const path = buildLibrary(threading('while (!stop) usleep(1000); usleep(300000);', 'stop = 1;'));
  const { ms, ...result } = await live(path);
  expect(result).toEqual({ stillMapped: false, threads: 0 });
  expect(ms).toBeGreaterThan(250);
  expect(ms).toBeLessThan(900);
});

it.each([
  ['sleeps', sleeper],
  [
    'computes',
    threading(
      'struct timespec a, b; clock_gettime(CLOCK_MONOTONIC, &a); do { for (volatile int i = 0; i < 1000000; i++) {} clock_gettime(CLOCK_MONOTONIC, &b); } while (b.tv_sec - a.tv_sec < 4);',
    ),
  ],
  [
    'is outside of it most of the time',
    threading('for (;;) { char path[4096]; getcwd(path, 4096); usleep(200); }'),
  ],
])('keeps a library whose thread %s, and lives on', async (_what, source) => {
  const { ms, ...result } = await live(buildLibrary(source));
  expect(result).toEqual({ stillMapped: true, threads: 1 });
  expect(ms).toBeGreaterThan(900);
  expect(ms).toBeLessThan(2500);
  await sleep(50);
});

it('keeps a library that came with another one whose code a thread runs', async () => {
  const helper = buildLibrary(
    '#include <pthread.h>\n#include <unistd.h>\nstatic void *work(void *arg) { for (;;) sleep(1000); return arg; } void begin(void) { pthread_t t; pthread_create(&t, NULL, work, NULL); }',
    ['-Wl,-soname,lib.so'],
  );
  const path = buildLibrary(
    `void begin(void); void flexilib_load(const flexilib_host *h) { (void)h; begin(); } ${quiet}`,
    [helper, `-Wl,-rpath,${dirname(helper)}`],
  );
  expect(await live(path)).toMatchObject({ stillMapped: true, threads: 1 });
  expect(isMapped(helper)).toBe(true);
});

it('waits for nobody in a library that is linked to stay', async () => {
  const { ms, ...result } = await live(buildLibrary(sleeper, ['-Wl,-z,nodelete']));
  expect(result).toEqual({ stillMapped: true, threads: 0 });
  expect(ms).toBeLessThan(200);
});

it('keeps a library that failed to load and has left a thread', async () => {
  const path = buildLibrary(threading('for (;;) sleep(1000);', '', 'host->refuse("no", 2);'));
  expect(await runtime.load(path, ++id)).toEqual({
    code: 'FL_LIBRARY_REFUSED',
    text: 'no',
    stillMapped: true,
    threads: 1,
  });
});

it('doesn’t take the threads of others for its own', async () => {
  const joined = 'stop = 1; pthread_join(thread, NULL);';
  const older = await load(buildLibrary(threading('while (!stop) {}', joined)));
  await sleep(50);
  const library = await load(buildLibrary(quiet));
  const newer = await load(buildLibrary(threading('while (!stop) usleep(1000);', joined)));
  await sleep(20);
  const begun = performance.now();
  expect(await runtime.unload(library)).toEqual({ stillMapped: false, threads: 0, crash: null });
  expect(performance.now() - begun).toBeLessThan(200);
  for (const other of [older, newer]) expect((await runtime.unload(other)).stillMapped).toBe(false);
});
