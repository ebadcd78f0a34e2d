import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExecutorLog, type Library, Outcome, type Runtime, startRuntime } from '../src/index.ts';
import { type Answer, askExecutor, type Request, type Where } from './ask.ts';
import { buildLibrary } from './build.ts';

const source = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static const flexilib_host *host;
static _Thread_local flexilib_response response;
static _Thread_local flexilib_header fields[8];
static _Thread_local char text[65536];
static _Atomic int deinits;
void flexilib_load(const flexilib_host *h) { host = h; h->log(FLEXILIB_LOG_INFO, "loaded", 6); }
static int turns;
void request_deinit(void) { deinits++; }
static int recurse(volatile int n) { volatile char page[4096]; page[0] = (char)n; return n ? recurse(n + 1) + page[0] : 0; }
flexilib_response *handle_request(flexilib_request *request) {
    const char *t = request->target;
    memset(&response, 0, sizeof response);
    response.ptr = text;
    if (!strncmp(t, "/describe", 9)) {
        response.len = (size_t)sprintf(text, "%s|%.*s|%zu|%.*s", request->method, (int)request->target_len, t,
                                       request->headers_len, (int)request->content_len, request->content);
        for (size_t i = 0; i < request->headers_len; i++)
            response.len += (size_t)sprintf(text + response.len, "|%.*s=%.*s", (int)request->headers[i].name_len,
                request->headers[i].name_ptr, (int)request->headers[i].value_len, request->headers[i].value_ptr);
    } else if (!strncmp(t, "/fields", 7)) {
        fields[0] = (flexilib_header){"X-One", 5, "1", 1};
        fields[1] = (flexilib_header){"Connection", 10, "close", 5};
        fields[2] = (flexilib_header){"date", 4, "never", 5};
        fields[3] = (flexilib_header){"x-one", 5, "2", 1};
        response.headers = fields; response.headers_len = 4; response.status = 404;
        response.reason_ptr = "Gone Fishing"; response.reason_len = 12; response.len = 0;
    } else if (!strncmp(t, "/status/", 8)) {
        response.status = strtoul(t + 8, NULL, 10);
    } else if (!strncmp(t, "/split", 6)) {
        fields[0] = (flexilib_header){"x-split", 7, "a\\r\\nb: c", 7};
        response.headers = fields; response.headers_len = 1;
    } else if (!strncmp(t, "/name", 5)) {
        fields[0] = (flexilib_header){"x y", 3, "a", 1};
        response.headers = fields; response.headers_len = 1;
    } else if (!strncmp(t, "/huge", 5)) {
        response.len = (size_t)1 << 40;
    } else if (!strncmp(t, "/big", 4)) {
        size_t n = 1 << 20;
        char *memory = host->alloc(n, 64);
        memset(memory, 'b', n);
        response.ptr = memory; response.len = n;
    } else if (!strncmp(t, "/null", 5)) { return NULL;
    } else if (!strncmp(t, "/segv", 5)) { *(volatile int *)8 = 1;
    } else if (!strncmp(t, "/abort", 6)) { abort();
    } else if (!strncmp(t, "/ill", 4)) { __builtin_trap();
    } else if (!strncmp(t, "/fpe", 4)) { volatile int zero = 0, one = 7; response.len = (size_t)(one / zero);
    } else if (!strncmp(t, "/stack", 6)) { response.len = (size_t)recurse(1);
    } else if (!strncmp(t, "/garbage", 8)) { return (flexilib_response *)42;
    } else if (!strncmp(t, "/sleep", 6)) { usleep(100000);
    } else if (!strncmp(t, "/chatter", 8)) {
        struct timespec begun, now;
        clock_gettime(CLOCK_MONOTONIC, &begun);
        do {
            for (int i = 0; i < 100; i++) host->log(FLEXILIB_LOG_INFO, "chatter", (size_t)(i % 8));
            clock_gettime(CLOCK_MONOTONIC, &now);
        } while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < 800);
    } else if (!strncmp(t, "/log", 4)) { host->log(FLEXILIB_LOG_WARNING, "from a call", 11);
    } else if (!strncmp(t, "/left", 5)) { response.len = (size_t)sprintf(text, "%llu", (unsigned long long)host->remaining_ns());
    } else if (!strncmp(t, "/turn", 5)) {
        response.len = (size_t)sprintf(text, "%d", __atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED));
    } else if (!strncmp(t, "/deinits", 8)) { response.len = (size_t)sprintf(text, "%d", deinits); }
    return &response;
}`;

let runtime: Runtime;
let library: Library;
const logs: ExecutorLog[] = [];

const ask = (where: Where, target: string, request?: Request): Promise<Answer> =>
  askExecutor({ runtime, library, where }, target, request);

beforeAll(async () => {
  runtime = startRuntime({ threads: 2, arenaReserve: 8192, onLog: (line) => logs.push(line), onDamage() {} });
  const loaded = await runtime.load(buildLibrary(source), 7);
  if ('code' in loaded) throw new Error(loaded.text);
  library = loaded;
}, 120_000);

afterAll(() => runtime.stop());

describe.each(['pool', 'inline'] as const)('a call, %s', (where) => {
  it('gives the executor the request as it came', async () => {
    const answer = await ask(where, '/describe?a=b', {
      method: 'POST',
      fields: [
        ['Host', 'x'],
        ['X-A', '1'],
        ['x-a', '2'],
      ],
      content: 'body',
    });
    expect(answer.body).toBe('POST|/describe?a=b|3|body|Host=x|X-A=1|x-a=2');
    expect(answer.head).toBe(`content-type: text/plain\r\ncontent-length: ${answer.body.length}\r\n`);
    expect(answer).toMatchObject({ outcome: Outcome.ok, status: 200, reason: 'OK' });
  });

  it('keeps order and duplicates of fields, and drops those that are the server’s', async () => {
    const { head, status, reason } = await ask(where, '/fields');
    expect(head).toBe('X-One: 1\r\nx-one: 2\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n');
    expect([status, reason]).toEqual([404, 'Gone Fishing']);
  });

  it.each([[200], [299], [999]])('takes status %i', async (status) => {
    expect(await ask(where, `/status/${status}`)).toMatchObject({ outcome: Outcome.ok, status });
  });

  it.each([[1], [100], [199], [1000], [65736]])('refuses status %i', async (status) => {
    expect(await ask(where, `/status/${status}`)).toMatchObject({
      outcome: Outcome.badResponse,
      complaint: 'its status is not within 200 to 999',
    });
  });

  it.each([[204], [304]])('says nothing of content in a %i', async (status) => {
    expect(await ask(where, `/status/${status}`)).toMatchObject({ head: '', body: '' });
  });

  it('gives HEAD the length of the body, and no body', async () => {
    const { head, body } = await ask(where, '/describe', { method: 'HEAD' });
    expect([head, body]).toEqual(['content-type: text/plain\r\ncontent-length: 17\r\n', '']);
  });

  it.each([
    ['/split', 'a header value contains CR, LF, NUL or another control byte'],
    ['/name', 'a header has an illegal name'],
    ['/huge', 'its body is larger than 1 GiB'],
  ])('refuses %s: %s', async (target, complaint) => {
    expect(await ask(where, target)).toMatchObject({ outcome: Outcome.badResponse, complaint });
  });

  it('answers NULL as such, and calls request_deinit after it', async () => {
    const deinits = async () => Number((await ask(where, '/deinits')).body);
    const before = await deinits();
    expect((await ask(where, '/null')).outcome).toBe(Outcome.null);
    expect(await deinits()).toBe(before + 2); // its own, and that of the call before
  });

  it.each([
    ['/segv', /^SIGSEGV at address 0x8 in handle_request\+0x[0-9a-f]+$/m],
    ['/abort', /^SIGABRT in /],
    ['/ill', /^SIGILL in handle_request/],
    ['/fpe', /^SIGFPE in handle_request/],
    ['/stack', /^SIGSEGV at address 0x[0-9a-f]+ in /],
    ['/garbage', /^SIGSEGV at address 0x/],
  ])('survives %s, twice', async (target, story) => {
    for (let i = 0; i < 2; i++) {
      const answer = await ask(where, target);
      expect(answer.outcome).toBe(Outcome.crashed);
      expect(answer.signal).toMatch(story);
    }
    expect((await ask(where, '/describe')).outcome).toBe(Outcome.ok);
  });

  it('offers the arena, and tells what was held and asked', async () => {
    const first = await ask(where, '/big');
    expect(first.body).toBe('b'.repeat(1 << 20));
    expect(first.alloc).toBe(1 << 20);
    expect((await ask(where, '/describe')).preAlloc).toBeLessThanOrEqual(256 << 10);
    expect((await ask(where, '/describe')).preAlloc).toBeGreaterThanOrEqual(8192);
  });

  it('tells the time left', async () => {
    const left = Number((await ask(where, '/left')).body);
    expect(left).toBeGreaterThan(1e9);
    expect(left).toBeLessThanOrEqual(5e9);
  });
});

it('runs calls on as many threads as it has', async () => {
  const begun = performance.now();
  await Promise.all(Array.from({ length: 4 }, () => ask('pool', '/sleep')));
  expect(performance.now() - begun).toBeGreaterThanOrEqual(200);
  expect(performance.now() - begun).toBeLessThan(390);
});

it('frees the calls that are free but one, and makes others when they are needed', async () => {
  const dirty = () =>
    Number(/Private_Dirty: +(\d+)/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))?.[1]);
  const kept = runtime.acquireCall();
  const before = dirty();
  for (let i = 0; i < 20; i++) {
    const made = Array.from({ length: 500 }, () => runtime.acquireCall()); // 5 MB
    expect(new Set([kept, ...made].map(({ id }) => id)).size).toBe(501);
    for (const call of made) runtime.releaseCall(call);
    runtime.trim();
    expect((await ask('pool', '/describe')).status).toBe(200);
    const again = [runtime.acquireCall(), runtime.acquireCall()];
    expect(again.map((call) => made.includes(call))).toEqual([true, false]); // one stays
    runtime.releaseCall(again[0]);
  }
  runtime.releaseCall(kept);
  expect(dirty() - before).toBeLessThan(50_000); // kilobytes
});

it('lets the loop, and the one thread for quick calls, go before those that compute', () => {
  const nice = readdirSync('/proc/self/task').flatMap((thread) => {
    const [, name, rest] = /\((.*)\) (.*)/.exec(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'))!;
    return name.includes('executor') || Number(thread) === process.pid
      ? [[name.replace(/^node.*|^MainThread/, 'loop'), Number(rest.split(' ')[16])] as const]
      : [];
  });
  const base = getPriority();
  expect(new Map(nice)).toEqual(
    new Map([
      ['loop', base],
      ['executor-0', base + 10],
      ['executor-1', base + 10],
      ['quick-executor', base],
    ]),
  );
});

// Kernels before 6.12 have no such slices.
const slice = (thread: number): string | undefined =>
  existsSync('/proc/self/sched')
    ? /^se\.slice +: +(\d+)/m.exec(readFileSync(`/proc/self/task/${thread}/sched`, 'utf8'))?.[1]
    : undefined;
it.skipIf(!slice(process.pid))('lets the loop run soon after it was woken, while others compute', () => {
  expect(slice(process.pid)).toBe('100000');
  const pool = readdirSync('/proc/self/task').filter((thread) =>
    readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').includes('executor'),
  );
  expect(pool.length).toBe(3);
  for (const thread of pool) expect(Number(slice(Number(thread)))).toBeGreaterThan(100_000);
});

it('hands on what libraries log', async () => {
  await ask('pool', '/log');
  await expect
    .poll(() => logs.map(({ library: id, level, text }) => [id, level, text]))
    .toEqual([
      [7, 2, 'loaded'],
      [7, 1, 'from a call'],
    ]);
});

describe('loading', () => {
  it.each([
    ['FL_LIBRARY_SYMBOL', 'int other(void) { return 1; }', ''],
    [
      'FL_LIBRARY_ABI',
      'uint32_t flexilib_abi_version(void) { return 99; } flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }',
      '99',
    ],
    [
      'FL_LIBRARY_REFUSED',
      'void flexilib_load(const flexilib_host *h) { h->refuse("no key", 6); } flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }',
      'no key',
    ],
    [
      'FL_LIBRARY_LINK',
      'int nowhere(void); flexilib_response *handle_request(flexilib_request *r) { (void)r; return (void *)(long)nowhere(); }',
      'undefined symbol: nowhere',
    ],
    [
      'FL_LIBRARY_CRASHED',
      'void flexilib_load(const flexilib_host *h) { (void)h; *(volatile int *)0 = 1; } flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }',
      'SIGSEGV at address 0x0 in flexilib_load',
    ],
  ])('refuses with %s', async (code, text, said) => {
    const failure = await runtime.load(buildLibrary(text, ['-Wl,-z,undefs']), 8);
    expect(failure).toMatchObject({ code, text: expect.stringContaining(said) });
  });

  it('unloads, and sees what stays', async () => {
    const text =
      'flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; } const uint8_t flexilib_nonblocking = 1;';
    for (const [flags, stillMapped] of [
      [[], false],
      [['-Wl,-z,nodelete'], true],
    ] as const) {
      const path = buildLibrary(text, [...flags]);
      const loaded = await runtime.load(path, 9);
      expect(loaded).toMatchObject({ nonblocking: true });
      expect(readFileSync('/proc/self/maps', 'utf8')).toContain(path);
      expect(await runtime.unload(loaded as Library)).toEqual({ stillMapped, threads: 0, crash: null });
      expect(readFileSync('/proc/self/maps', 'utf8').includes(path)).toBe(stillMapped);
    }
  });
});

it('lets the loop turn while a library logs without end, and counts the lines that it drops', async () => {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  await ask('pool', '/chatter');
  clearInterval(timer);
  expect(longest).toBeLessThan(200);
  await ask('pool', '/log');
  await expect.poll(() => logs.at(-1)?.text, { timeout: 10_000 }).toBe('from a call');
  expect(logs.some(({ dropped }) => dropped > 0)).toBe(true);
});

describe('the pool', () => {
  it('lets no quick call wait for slow ones that hold every thread', async () => {
    const slow = Array.from({ length: 8 }, () => ask('pool', '/sleep', { slow: true })); // 100 ms each, on two threads
    await new Promise((resolve) => setTimeout(resolve, 20));
    const begun = performance.now();
    for (let i = 0; i < 5; i++) expect((await ask('pool', '/describe')).status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(200);
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(Array(8).fill(200));
  });

  it('takes from both lanes in the order of submission: the first calls of a route are in the slow one, whatever they are', async () => {
    const begun: string[] = []; // in the order in which their executors began: they may end in another
    const put = (count: number, lane: string, slow: boolean) =>
      Array.from({ length: count }, async () => {
        begun[Number((await ask('pool', '/turn', { slow })).body)] = lane;
      });
    await Promise.all([
      ...Array.from({ length: 2 }, () => ask('pool', '/sleep')), // so that all others wait at a time
      ...put(20, 'quick', false),
      ...put(20, 'slow', true),
      ...put(60, 'later quick', false),
    ]);
    // Two threads, and the one more beside slow ones, don't keep it to the letter.
    expect(begun.indexOf('slow')).toBeGreaterThan(10);
    expect(begun.lastIndexOf('quick')).toBeLessThan(30);
    expect(begun.lastIndexOf('slow')).toBeLessThan(70);
  });

  it('lets slow calls through while quick ones keep coming', async () => {
    let done = false;
    const slow = ask('pool', '/sleep', { slow: true }).then(() => (done = true));
    const flood = async () => {
      while (!done) await Promise.all(Array.from({ length: 50 }, () => ask('pool', '/describe')));
    };
    await Promise.all([slow, flood(), flood()]);
  });
});
