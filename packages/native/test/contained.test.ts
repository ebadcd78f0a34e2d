// What else than a fault signal ends a call: a deadline, exit(3), pthread_exit(3), a fork(2); and what is put back.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Damage, type Library, Outcome, type Runtime, reportOf, startRuntime } from '../src/index.ts';
import { type Answer, askExecutor, type Request, type Where } from './ask.ts';
import { buildLibrary } from './build.ts';

const source = `
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static _Thread_local flexilib_response response = {.ptr = "fine", .len = 4};
static volatile int go_on;
__attribute__((noinline)) static void spin(void) { for (volatile long i = 0; !go_on; i++); }
static int is(flexilib_request *request, const char *path) { return !strcmp(request->target, path); }
flexilib_response *handle_request(flexilib_request *request) {
    if (is(request, "/spin")) { go_on = 0; spin(); }
    if (is(request, "/sleep")) sleep(30);
    if (is(request, "/brief")) usleep(200000);
    if (is(request, "/go-on")) go_on = 1;
    if (is(request, "/exit")) exit(0);
    if (is(request, "/pthread_exit")) pthread_exit(NULL);
    if (is(request, "/fork") && fork() == 0) return &response;
    if (is(request, "/fork-crash") && fork() == 0) *(volatile int *)0 = 1;
    if (is(request, "/segv")) *(volatile int *)0 = 1;
    if (is(request, "/change")) {
        signal(SIGSEGV, SIG_DFL); signal(SIGTERM, SIG_IGN); umask(0777); if (chdir("/proc") != 0) abort();
        sigset_t all; sigfillset(&all); pthread_sigmask(SIG_SETMASK, &all, NULL);
    }
    return &response;
}`;

let runtime: Runtime;
let library: Library;
let damage: Damage[] = [];

const ask = (where: Where, target: string, request: Request = {}): Promise<Answer> =>
  askExecutor({ runtime, library, where }, `${target}\0`, request);
const threads = () => readdirSync('/proc/self/task').length;
/** States of the processes that were forked here; a dead one stays, since the library doesn't wait for it. */
const children = () =>
  readdirSync('/proc/self/task')
    .flatMap((tid) => readFileSync(`/proc/self/task/${tid}/children`, 'utf8').trim().split(' '))
    .filter((pid) => pid !== '')
    .map((pid) => /^State:\t(.)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);

beforeAll(async () => {
  process.on('SIGTERM', () => {});
  runtime = startRuntime({
    threads: 2,
    arenaReserve: 8192,
    onLog() {},
    onDamage: (_, what) => damage.push(what),
  });
  const loaded = await runtime.load(buildLibrary(source, ['-g']), 7);
  if ('code' in loaded) throw new Error(loaded.text);
  library = loaded;
}, 120_000);
beforeEach(() => {
  damage = [];
});
afterAll(() => runtime.stop());

describe('a call past its deadline', () => {
  it.each([['/spin'], ['/sleep']])('is stopped on the loop: %s', async (target) => {
    const begun = performance.now();
    const answer = await ask('inline', target, { timeout: 200 });
    const took = performance.now() - begun;
    expect(answer.outcome).toBe(Outcome.late);
    expect(took).toBeGreaterThanOrEqual(200);
    expect(took).toBeLessThan(300);
    const report = await reportOf(answer.head, 'hash');
    expect(report).toMatch(/^stopped in /);
    if (target === '/spin') expect(report).toMatch(/#0 spin\+0x[0-9a-f]+ at .*lib\.c:\d+$/m);
    expect(report).toMatch(/handle_request\+0x[0-9a-f]+ at .*lib\.c:\d+$/m);
    expect(damage).toEqual(['late']);
    expect((await ask('inline', '/')).body).toBe('fine');
  });

  it('is stopped after the watchdog has slept', async () => {
    await sleep(1500);
    const begun = performance.now();
    expect((await ask('inline', '/spin', { timeout: 100 })).outcome).toBe(Outcome.late);
    expect(performance.now() - begun).toBeLessThan(200);
  });

  it('does not stop the next one', async () => {
    for (let i = 0; i < 20; i++) {
      expect((await ask('inline', '/', { timeout: 20 })).body).toBe('fine');
      await sleep(3);
    }
    expect((await ask('inline', '/brief', { timeout: 1000 })).body).toBe('fine');
    expect(damage).toEqual([]);
  });

  it('leaves the pool as strong as it was', async () => {
    const before = threads();
    const late = [1, 2].map(() => ask('pool', '/spin', { slow: true, timeout: 100, abandon: 100 }));
    await sleep(150);
    expect(threads()).toBe(before + 2);
    for (let i = 0; i < 10; i++) expect((await ask('pool', '/', { slow: true })).body).toBe('fine');
    await expect.poll(() => damage, { timeout: 3000 }).toEqual(['stuck', 'stuck']);
    await ask('pool', '/go-on');
    for (const answer of await Promise.all(late)) expect(answer.body).toBe('fine');
    await expect.poll(threads).toBe(before);
    damage = [];
    expect((await ask('pool', '/brief', { slow: true, timeout: 50, abandon: 50 })).body).toBe('fine');
    await sleep(1200);
    expect(damage).toEqual([]); // it came back
  });

  it('replaces no more threads than there are, but four', async () => {
    const before = threads();
    // Two at a time, as threads come.
    const late = [1, 1, 2, 2, 3, 3].map((turn) => ask('pool', '/spin', { slow: true, abandon: 100 * turn }));
    await sleep(600);
    expect(threads()).toBe(before + 4);
    await ask('pool', '/go-on'); // by the one for quick calls
    await Promise.all(late);
    await expect.poll(threads).toBe(before);
  });

  it('is not begun when it has waited for too long', async () => {
    const busy = [1, 2].map(() => ask('pool', '/brief', { slow: true }));
    const waited = await ask('pool', '/segv', { slow: true, timeout: 50 });
    expect(waited.outcome).toBe(Outcome.late);
    await Promise.all(busy);
    expect(damage).toEqual([]);
  });
});

describe.each(['pool', 'inline'] as const)('%s', (where) => {
  it('contains exit(3), as often as it is called', async () => {
    for (let i = 0; i < 3; i++) {
      const { outcome, head } = await ask(where, '/exit');
      expect(outcome).toBe(Outcome.crashed);
      expect(head).toMatch(/^exit\(3\) called from handle_request\+0x/);
    }
    expect(damage).toHaveLength(3);
    expect((await ask(where, '/')).body).toBe('fine');
  });

  it.each([['/fork'], ['/fork-crash']])(
    'ends a process that a library has made of ours: %s',
    async (target) => {
      const before = children().length;
      expect((await ask(where, target)).body).toBe('fine');
      await expect.poll(children).toEqual(Array(before + 1).fill('Z'));
      expect((await ask(where, '/')).body).toBe('fine');
    },
  );
});

it('replaces a thread of the pool that ends', async () => {
  const before = threads();
  for (let i = 0; i < 5; i++) {
    const { outcome, head } = await ask('pool', '/pthread_exit');
    expect(outcome).toBe(Outcome.crashed);
    expect(head).toMatch(/^pthread_exit\(3\)/);
  }
  for (let i = 0; i < 10; i++) expect((await ask('pool', '/')).body).toBe('fine');
  await expect.poll(threads).toBe(before);
  expect(damage).toHaveLength(5);
});

it('puts back what a library changes of the process', async () => {
  expect(runtime.mend().mended).toEqual([]); // what is should be
  const directory = readFileSync('/proc/self/status', 'utf8').match(/^Umask:.*$/m)![0];
  expect((await ask('inline', '/change')).body).toBe('fine');
  expect(runtime.mend().mended).toEqual([
    'signal handlers',
    'the blocked signals',
    'the umask',
    'the working directory',
  ]);
  expect(runtime.mend()).toEqual({ mended: [], crippled: false });
  expect(readFileSync('/proc/self/status', 'utf8')).toContain(directory);
  expect((await ask('inline', '/segv')).outcome).toBe(Outcome.crashed);
  expect((await ask('pool', '/segv')).outcome).toBe(Outcome.crashed);
});
