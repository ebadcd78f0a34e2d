import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ExecutorLog, type Library, type Runtime, startRuntime } from '../src/index.ts';
import { buildLibrary } from './build.ts';

const TIMEOUT = 500;
const notes = join(mkdtempSync(join(tmpdir(), 'flexilib-probe-')), 'notes');

/** A library whose constructor does this. IN_SERVER: it runs in this process; note(text) is a line that the test reads. */
const constructing = (body: string, more = '') => `
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#define IN_SERVER (getpid() == ${process.pid})
__attribute__((unused)) static void note(const char *text) { FILE *f = fopen("${notes}", "a"); fprintf(f, "%s\\n", text); fclose(f); }
__attribute__((unused)) static int recurse(volatile int n) { volatile char page[4096]; page[0] = (char)n; return n ? recurse(n + 1) + page[0] : 0; }
${more}
__attribute__((constructor)) static void begin(void) { ${body} }
flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }`;

const noted = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []);
/** What was noted while the library was loaded; it is unloaded again. */
async function notesOf(body: string): Promise<string[]> {
  const before = noted().length;
  const loaded = await runtime.load(buildLibrary(constructing(body)), 1);
  expect(loaded).toMatchObject({ id: 1 });
  await runtime.unload(loaded as Library);
  return noted().slice(before);
}
let runtime: Runtime;
const logs: ExecutorLog[] = [];
beforeAll(() => {
  runtime = startRuntime({
    threads: 1,
    arenaReserve: 8192,
    loadTimeoutMs: TIMEOUT,
    onLog: (line) => logs.push(line),
    onDamage() {},
  });
});
afterAll(() => {
  expect(logs).toEqual([]);
  runtime.stop();
});

describe('a constructor that', () => {
  const crashed = 'FL_LIBRARY_CRASHED';
  it.each([
    ['crashes', '*(volatile int *)8 = 1;', crashed, /^SIGSEGV at address 0x8 in library\+0x/],
    ['calls abort', 'abort();', crashed, /^SIGABRT in /],
    ['overflows its stack', 'recurse(1);', crashed, /^SIGSEGV at address 0x/],
    ['calls exit(0)', 'exit(0);', crashed, /^exit\(3\) called from library\+0x/],
    ['calls _exit(3)', '_exit(3);', crashed, /^its constructor called exit\(3\)$/],
    ['calls pthread_exit', 'pthread_exit(NULL);', crashed, /^its constructor called pthread_exit$/],
    ['is killed', 'kill(getpid(), SIGKILL);', crashed, /^signal 9 \(Killed\)$/],
    ['blocks', 'for (;;) pause();', 'FL_LIBRARY_TIMEOUT', /^its constructor did not return within 0\.5 s$/],
    [
      'closes what it did not open',
      'for (int i = 3; i < 99; i++) close(i); usleep(50000); _exit(4);',
      crashed,
      /exit\(4\)$/,
    ],
    ['exits and leaves a child', 'if (fork()) _exit(5); else for (;;) pause();', crashed, /exit\(5\)$/],
  ])('%s', async (_what, body, code, text) => {
    // In this process it would do nothing: what is told comes from the probe.
    const library = buildLibrary(constructing(`if (!IN_SERVER) { ${body} }`));
    const begun = performance.now();
    const failure = await runtime.load(library, 1);
    const took = performance.now() - begun;
    expect(failure).toMatchObject({ code, text: expect.stringMatching(text), stillMapped: false });
    expect(readFileSync('/proc/self/maps', 'utf8')).not.toContain(library);
    if (code === crashed) expect(took).toBeLessThan(TIMEOUT + 1000);
  });

  it.each([
    ['FL_LIBRARY_SYMBOL', 'int other(void) { return 1; }', ''],
    [
      'FL_LIBRARY_ABI',
      'uint32_t flexilib_abi_version(void) { return 99; } flexilib_response *handle_request(flexilib_request *r) { (void)r; return 0; }',
      '99',
    ],
  ])('is never called here when the library fails with %s', async (code, source, text) => {
    const before = noted().length;
    const counting = `#include <stdio.h>\n#include <unistd.h>
      __attribute__((constructor)) static void begin(void) { FILE *f = fopen("${notes}", "a"); fprintf(f, "%d\\n", getpid()); fclose(f); }`;
    const failure = await runtime.load(buildLibrary(`${counting}\n${source}`), 1);
    expect(failure).toEqual({ code, text, stillMapped: false, threads: 0 });
    expect(noted().slice(before)).toEqual([expect.not.stringMatching(`^${process.pid}$`)]);
  });

  it('is fine is called once in the probe and once here', async () => {
    const pids = await notesOf('char text[16]; sprintf(text, "%d", getpid()); note(text);');
    expect(pids).toEqual([expect.not.stringMatching(`^${process.pid}$`), `${process.pid}`]);
  });

  it('forks leaves no orphan', async () => {
    const [pid] = await notesOf(
      'if (!IN_SERVER && fork() == 0) { char text[16]; sprintf(text, "%d", getpid()); note(text); for (;;) pause(); } if (!IN_SERVER) usleep(100000);',
    );
    expect(Number(pid)).toBeGreaterThan(1);
    const state = () =>
      existsSync(`/proc/${pid}/stat`)
        ? /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1]
        : 'gone';
    await expect.poll(state).toMatch(/^(gone|Z|X)$/); // who reaps it is not ours to say
  });
});

it('fails as before when a library would not link', async () => {
  const source =
    'int nowhere(void); flexilib_response *handle_request(flexilib_request *r) { (void)r; return (void *)(long)nowhere(); }';
  const path = buildLibrary(source, ['-Wl,-z,undefs']);
  expect(await runtime.load(path, 1)).toMatchObject({
    code: 'FL_LIBRARY_LINK',
    text: `${path}: undefined symbol: nowhere`,
  });
  const needed = buildLibrary('int needed(void) { return 1; }', ['-Wl,-soname,libnotthere.so']);
  const needing = buildLibrary(
    'int needed(void); flexilib_response *handle_request(flexilib_request *r) { (void)r; return (void *)(long)needed(); }',
    [needed],
  );
  expect(await runtime.load(needing, 1)).toMatchObject({
    code: 'FL_LIBRARY_LINK',
    text: 'libnotthere.so: cannot open shared object file: No such file or directory',
  });
});

it('shows the probe nothing of this process: no input, no output, no descriptors, no core', async () => {
  const leaky = (await runtime.load(
    buildLibrary(constructing('if (IN_SERVER) for (int i = 0; i < 9; i++) open("/dev/zero", O_RDONLY);')),
    2,
  )) as Library;
  const seen = await notesOf(`if (!IN_SERVER) {
    for (int i = 0; i < 200; i++) {
      char name[32], to[256];
      sprintf(name, "/proc/self/fd/%d", i);
      ssize_t n = readlink(name, to, sizeof to - 1);
      if (n > 0) { to[n] = 0; note(to); }
    }
    struct rlimit core; getrlimit(RLIMIT_CORE, &core);
    note(core.rlim_max ? "core" : "no core");
    note(getpgrp() == getpid() ? "own group" : "group");
  }`);
  expect(seen.map((to) => to.replace(/^(pipe|\/.*lib\.so).*/, '$1'))).toEqual([
    '/dev/null',
    '/dev/null',
    '/dev/null',
    'pipe',
    'no core',
    'own group',
  ]);
  await runtime.unload(leaky);
});

it('leaves no process behind', () => {
  const stats = readdirSync('/proc').map((name) => {
    try {
      return /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'utf8') : '';
    } catch {
      return ''; // it has gone
    }
  });
  expect(stats.some((stat) => stat.startsWith(`${process.pid} `))).toBe(true);
  expect(
    stats.filter((stat) => / \(flexilib-probe\) . /.test(stat) && stat.includes(` ${process.pid} `)),
  ).toEqual([]);
});
