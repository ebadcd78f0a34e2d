// Where a call is that was given up: told without harm to it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Damage, type Library, Outcome, type Runtime, reportOf, startRuntime } from '../src/index.ts';
import { type Answer, askExecutor, type Request } from './ask.ts';
import { buildLibrary } from './build.ts';

const source = `
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#define APART __attribute__((noinline)) static void
static _Thread_local flexilib_response response;
static _Thread_local char text[64];
static volatile int go_on;
static const flexilib_host *host;
void flexilib_load(const flexilib_host *offered) { host = offered; }
APART spin(void) { for (volatile long i = 0; !go_on; i++); }
APART doze(void) { while (!go_on) nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL); }
APART nap(void) { nanosleep(&(struct timespec){.tv_sec = 30}, NULL); }
APART allocate(void) {
    for (int i = 0; !go_on; i++) {
        void *volatile some = malloc(1000 + (size_t)i % 100000);
        free(some);
    }
}
static int ends[2];
APART wait_for_input(void) {
    char byte = 'x';
    if (pipe(ends) != 0) abort();
    sprintf(text, "%d %c", (int)read(ends[0], &byte, 1), byte);
}
/* Nothing of it may change, registers of floating point included. */
APART sum(void) {
    double all = 0;
    for (int i = 1; i <= 60000000; i++) all += 1.0 / i;
    sprintf(text, "%.9f", all);
}
/* The way to its caller leads to where nothing is. */
APART lose_the_way(void) {
#ifdef __x86_64__
    __asm__ volatile("add $-128, %%rsp; push %%rbp; mov $8, %%rbp; 1: cmpl $0, %0; je 1b; pop %%rbp; sub $-128, %%rsp"
                     : : "m"(go_on) : "cc", "memory");
#endif
}
static int is(flexilib_request *request, const char *path) { return !strcmp(request->target, path); }
flexilib_response *handle_request(flexilib_request *request) {
    strcpy(text, "fine");
    host->log(FLEXILIB_LOG_INFO, "inside", 6);
    sigset_t all, before;
    sigfillset(&all);
    if (is(request, "/go-on")) go_on = 1;
    if (is(request, "/stop")) go_on = 0;
    if (is(request, "/spin")) spin();
    if (is(request, "/doze")) doze();
    if (is(request, "/nap")) nap();
    if (is(request, "/allocate")) allocate();
    if (is(request, "/input")) wait_for_input();
    if (is(request, "/feed") && write(ends[1], "y", 1) != 1) abort();
    if (is(request, "/sum")) sum();
    if (is(request, "/lost")) lose_the_way();
    if (is(request, "/taken")) { signal(SIGRTMAX - 2, SIG_DFL); spin(); }
    if (is(request, "/blocked")) {
        pthread_sigmask(SIG_SETMASK, &all, &before);
        spin();
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (request->target[1] == '!') dlopen(request->target + 2, RTLD_NOW);
    if (is(request, "/crash")) { spin(); *(volatile int *)8 = 1; }
    response = (flexilib_response){.ptr = text, .len = strlen(text)};
    return &response;
}`;
const lineOf = (text: string) => source.split('\n').findIndex((line) => line.includes(text)) + 2;

let runtime: Runtime;
let library: Library;
let path: string;
let damage: Damage[] = [];
let entered = 0;
let onEnter = () => {};

const ask = (target: string, request: Request = {}): Promise<Answer> =>
  askExecutor({ runtime, library, where: 'pool' }, `${target}\0`, request);

interface Late {
  /** What reportOf says of it, or null. */
  report: Promise<string | null>;
  answer: Promise<Answer>;
}

/** A call that is given up so many milliseconds after it has begun. */
function giveUp(target: string, after = 20): Late {
  let answer!: Promise<Answer>;
  const where = new Promise<string | null>((resolve) => {
    const begun = new Promise<void>((enter) => {
      onEnter = enter;
    });
    answer = ask(target, { abandon: begun.then(() => sleep(after)), onPlace: resolve });
  });
  return { answer, report: where.then((text) => text && reportOf(text, path)) };
}

const goOn = async ({ answer }: Late) => {
  await ask('/go-on');
  const { body } = await answer;
  await ask('/stop');
  return body;
};
const plain = (report: string | null) => report?.replace(/(?<=\+)0x[0-9a-f]+/g, '0x_').split('\n');

async function load(at: string): Promise<Library> {
  const loaded = await runtime.load(at, ++loads);
  if ('code' in loaded) throw new Error(loaded.text);
  return loaded;
}
let loads = 0;

beforeAll(async () => {
  runtime = startRuntime({
    threads: 2,
    arenaReserve: 8192,
    onLog() {
      entered += 1;
      onEnter();
    },
    onDamage: (_, what) => damage.push(what),
  });
  path = buildLibrary(source, ['-g', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls']);
  library = await load(path);
}, 120_000);
afterEach(() => {
  damage = [];
});
afterAll(() => runtime.stop());

it('is told with functions, files and lines, and goes on', async () => {
  const late = giveUp('/spin');
  expect(plain(await late.report)).toEqual([
    'still in spin+0x_',
    `  #0 spin+0x_ at ${path.replace('.so', '.c')}:${lineOf('APART spin')}`,
    `  #1 handle_request+0x_ at ${path.replace('.so', '.c')}:${lineOf('"/spin"')}`,
  ]);
  expect(await goOn(late)).toBe('fine');
  expect(damage).toEqual([]);
});

it('is told where it sleeps: in the C library, called from its own', async () => {
  const late = giveUp('/doze');
  const [headline, ...frames] = plain(await late.report)!;
  expect(headline).toMatch(/^still in clock_nanosleep\+0x_ \(libc\.so\.6\), called from doze\+0x_$/);
  expect(frames.at(-2)).toMatch(/^ {2}#\d doze\+0x_ at .*lib\.c:\d+$/);
  expect(frames.at(-1)).toMatch(/^ {2}#\d handle_request\+0x_ at .*lib\.c:\d+$/);
  expect(await goOn(late)).toBe('fine');
});

it('is told where it was when that ended its sleep, and so the call', async () => {
  const late = giveUp('/nap');
  expect(await late.report).toMatch(/^still in clock_nanosleep.*, called from nap\+0x/);
  expect((await late.answer).body).toBe('fine');
});

it('goes on in malloc(3), and nobody waits for its lock', async () => {
  for (let i = 0; i < 30; i++) {
    const late = giveUp('/allocate', i % 5);
    expect(await late.report).toMatch(/handle_request\+0x/);
    expect(await goOn(late)).toBe('fine');
  }
});

it('goes on in a system call that waits', async () => {
  const late = giveUp('/input');
  expect(await late.report).toMatch(/^still in .*read.*, called from wait_for_input/);
  await sleep(100);
  expect(runtime.pending).toBe(1);
  await ask('/feed');
  expect((await late.answer).body).toBe('1 y');
});

it('is told without the lock of the dynamic linker, which it holds', async () => {
  const slow = buildLibrary(`#include <time.h>
    __attribute__((constructor)) static void begin(void) {
      struct timespec left = {.tv_sec = 1};
      while (nanosleep(&left, &left) != 0) continue;
    }`);
  const begun = performance.now();
  const late = giveUp(`/!${slow}`);
  expect(await late.report).toMatch(/handle_request\+0x[0-9a-f]+ at /);
  expect(performance.now() - begun).toBeLessThan(600);
  expect((await late.answer).body).toBe('fine');
  expect(performance.now() - begun).toBeGreaterThan(1000);
});

it('has its registers back', async () => {
  const asked = (await ask('/sum')).body;
  const late = giveUp('/sum', 5);
  expect(await late.report).toMatch(/^still in sum/);
  expect((await late.answer).body).toBe(asked);
});

it.runIf(arch() === 'x64')('is told as far as the stack can be walked', async () => {
  const late = giveUp('/lost');
  expect(plain(await late.report)?.[0]).toBe('still in lose_the_way+0x_');
  expect(await goOn(late)).toBe('fine');
  expect(damage).toEqual([]);
});

it('is asked though a library has taken the signal', async () => {
  const late = giveUp('/taken');
  expect(await late.report).toMatch(/^still in spin/);
  expect(await goOn(late)).toBe('fine');
});

it('is not waited for when it has blocked the signal', async () => {
  const late = giveUp('/blocked');
  const begun = performance.now();
  expect(await late.report).toBeNull();
  expect(performance.now() - begun).toBeLessThan(900);
  expect(await goOn(late)).toBe('fine');
  expect((await ask('/')).body).toBe('fine');
});

it('has nothing to tell while it waits for a thread', async () => {
  const busy = [1, 2].map(() => ask('/spin', { slow: true }));
  let waiting!: Promise<Answer>;
  const where = new Promise((onPlace) => {
    waiting = ask('/', { slow: true, abandon: 20, onPlace });
  });
  expect(await where).toBeNull();
  await ask('/go-on');
  for (const answer of await Promise.all([...busy, waiting])) expect(answer.body).toBe('fine');
  await ask('/stop');
});

it('is told of the thread for quick calls', async () => {
  const before = entered;
  const busy = [1, 2].map(() => ask('/spin', { slow: true }));
  await expect.poll(() => entered - before).toBe(2);
  const late = giveUp('/sum', 5);
  expect(await late.report).toMatch(/^still in sum/);
  await late.answer;
  await ask('/go-on');
  await Promise.all(busy);
  await ask('/stop');
});

it('may crash later, which is told too', async () => {
  const late = giveUp('/crash');
  expect(await late.report).toMatch(/^still in spin/);
  await ask('/go-on');
  expect(await late.answer).toMatchObject({
    outcome: Outcome.crashed,
    signal: expect.stringMatching(/^SIGSEGV/),
  });
  expect(damage).toEqual(['crashed']);
  await ask('/stop');
});

/** The first call waits for the second. */
const languages = [
  {
    compiler: 'rustc',
    flags: ['-g', '--edition', '2021', '--crate-type', 'cdylib', '-o'],
    text: `use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
static CALLS: AtomicUsize = AtomicUsize::new(0);
fn busy() { while CALLS.load(SeqCst) < 2 {} }
#[no_mangle]
pub extern "C" fn handle_request(_: *const u8) -> *const u8 {
    if CALLS.fetch_add(1, SeqCst) == 0 { busy(); }
    std::ptr::null()
}`,
  },
  {
    compiler: 'zig',
    flags: ['build-lib', '-dynamic', '-lc'],
    text: `var calls: u32 = 0;

fn busy() void { while (@atomicLoad(u32, &calls, .seq_cst) < 2) {} }

export fn handle_request(_: ?*anyopaque) ?*anyopaque {
    if (@atomicRmw(u32, &calls, .Add, 1, .seq_cst) == 0) busy();
    return null;
}`,
  },
];
it.each(languages)('is told of a library made by $compiler', { timeout: 120_000 }, async (language) => {
  const { compiler, flags, text } = language;
  if (spawnSync(compiler).error) return;
  const file = join(mkdtempSync(join(tmpdir(), 'flexilib-test-')), 'lib');
  const written = `${file}${compiler === 'zig' ? '.zig' : '.rs'}`;
  writeFileSync(written, text);
  execFileSync(compiler, [...flags, compiler === 'zig' ? `-femit-bin=${file}.so` : `${file}.so`, written], {
    stdio: 'inherit',
  });
  const other = await load(`${file}.so`);
  const askOther = (request: Request = {}) =>
    askExecutor({ runtime, library: other, where: 'pool' }, '/', request);
  const where = new Promise<string | null>((onPlace) => {
    askOther({ abandon: 500, onPlace });
  });
  const report = await reportOf((await where)!, file);
  expect(report).toMatch(/busy\+0x[0-9a-f]+ at .*:3$/m);
  expect(report).toMatch(/handle_request\+0x[0-9a-f]+ at .*:6$/m);
  expect((await askOther()).outcome).toBe(Outcome.null);
});
