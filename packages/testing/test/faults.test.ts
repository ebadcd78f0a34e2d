import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { type Executor, load } from '../src/index.ts';
import { buildExecutor, lineOf } from './build.ts';

let library: string;
beforeAll(() => {
  library = buildExecutor();
});

const at = (text: string) => `at ${library.replace('.so', '.c')}:${lineOf(text)}`;

describe('a call that ends badly', () => {
  let exec: Executor;
  beforeAll(async () => {
    exec = await load(library, { timeout: 500 });
  });
  afterAll(() => exec.close());
  const pid = async () => Number(await (await exec.fetch('/pid')).text());
  /** Rejects, and the next one is answered by a fresh process. */
  async function failure(path: string): Promise<{ code: string; message: string; kind: string }> {
    const before = await pid();
    const error = await exec.fetch(path).then(
      () => Promise.reject(new Error('was answered')),
      (error) => error,
    );
    expect(await pid()).not.toBe(before);
    await expect.poll(() => isAlive(before)).toBe(false);
    return error;
  }

  it('by a crash is told with function, file, line and what was logged', async () => {
    const { code, kind, message } = await failure('/crash');
    expect([code, kind]).toEqual(['FL_CALL_CRASHED', 'user']);
    expect(message.replace(/\+0x\w+/g, '').split('\n')).toEqual([
      `${library}: GET /crash: crashed: SIGSEGV at address 0x8 in parse_query`,
      `  #0 parse_query ${at('*(volatile int *)at = 1')}`,
      `  #1 handle_request ${at('parse_query((int *)8)')}`,
      'It logged:',
      '  warning: about to crash',
    ]);
  });

  it.each([
    ['/abort', 'SIGABRT', 'if (IS("/abort"))'],
    ['/exit', 'exit(3) called from handle_request', 'if (IS("/exit"))'],
  ])('by %s is told with its line', async (path, what, line) => {
    const { code, message } = await failure(path);
    expect(code).toBe('FL_CALL_CRASHED');
    expect(message).toContain(what);
    expect(message).toContain(at(line));
  });

  it.each([
    ['/_exit', 'its process ended with exit status 3'],
    ['/kill', 'its process was ended by SIGKILL'],
  ])('by %s, outright, is told', async (path, how) => {
    const { code, message } = await failure(path);
    expect([code, message]).toEqual(['FL_CALL_CRASHED', `${library}: GET ${path}: ${how}`]);
  });

  it.each([
    ['/spin', 'in spin_for_ever', 'static void spin_for_ever'],
    ['/sleep', 'called from handle_request', 'if (IS("/sleep"))'],
  ])('by no end (%s) is told with the place where it was', async (path, where, line) => {
    const { code, message } = await failure(path);
    expect(code).toBe('FL_CALL_TIMEOUT');
    expect(message).toMatch(`${library}: GET ${path}: no answer within 500 ms; it was stopped in `);
    expect(message).toContain(where);
    expect(message).toContain(at(line));
  });

  it.each([
    ['/stopped-loop-crash', 'FL_CALL_CRASHED', 'it crashed, and its process hung before it could say where'],
    ['/stopped-loop', 'FL_CALL_TIMEOUT', 'no answer within 500 ms'],
  ])('with a process that hangs (%s) is told all the same', async (path, code, text) => {
    expect(await failure(path)).toMatchObject({ code, message: `${library}: GET ${path}: ${text}` });
  });

  it('between two calls makes the next one fail, and not the one after it', async () => {
    await exec.fetch('/die-later');
    await sleep(300);
    const error = await exec.fetch('/').catch((error) => error);
    expect([error.code, error.message]).toEqual([
      'FL_CALL_CRASHED',
      `${library}: GET /: its process was ended by SIGKILL`,
    ]);
    expect((await exec.fetch('/')).status).toBe(200);
  });

  it('by an answer that no server sends keeps the process', async () => {
    const before = await pid();
    await expect(exec.fetch('/null')).rejects.toMatchObject({
      code: 'FL_CALL_ANSWER',
      message: `${library}: GET /null: handle_request returned NULL`,
    });
    await expect(exec.fetch('/illegal')).rejects.toMatchObject({
      code: 'FL_CALL_ANSWER',
      message: `${library}: GET /illegal: its response was refused: a header has an illegal name`,
    });
    expect(await pid()).toBe(before);
  });

  it('leaves the calls beside it alone', async () => {
    await using several = await load(library, { threads: 2 });
    const [slow, crash] = await Promise.allSettled([several.fetch('/wait'), several.fetch('/crash')]);
    expect([slow.status, crash.status]).toEqual(['fulfilled', 'rejected']);
  });

  it('is contained without isolation too', async () => {
    const here = await load(library, { isolate: false, timeout: 500 });
    await expect(here.fetch('/crash')).rejects.toThrow(at('*(volatile int *)at = 1'));
    expect((await here.fetch('/')).status).toBe(200);
    await expect(here.leaks('/')).rejects.toMatchObject({ code: 'FL_CALL_REQUEST' });
    await here.close();
  });
});

describe('a library that can’t be loaded is refused in the server’s words', () => {
  it.each<[string, () => string, string, RegExp]>([
    ['is not there', () => '/nowhere/lib.so', 'FL_LIBRARY_MISSING', /lib\.so: there is no such file/],
    ['is no library', () => text('hello'), 'FL_LIBRARY_FORMAT', /: is no ELF file/],
    [
      'has another name',
      () => buildLibrary('FLEXILIB_EXPORT int handleRequest(void) { return 0; }'),
      'FL_LIBRARY_SYMBOL',
      /exports no handle_request; it has handleRequest: rename it$/,
    ],
    [
      'crashes',
      () =>
        buildLibrary(`__attribute__((constructor)) static void crash(void) { __builtin_trap(); } ${ANSWER}`),
      'FL_LIBRARY_CRASHED',
      /crashed while it was loaded: SIGILL/,
    ],
    [
      'refuses',
      () => buildLibrary(REFUSING),
      'FL_LIBRARY_REFUSED',
      /refuses to load: no database\nIt logged:\n {2}error: looked for it everywhere$/,
    ],
  ])('that %s', async (_, path, code, message) => {
    const error = await load(path()).catch((error) => error);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('for another machine', async () => {
    const folder = join(import.meta.dirname, '../../native/fixtures');
    const other = readdirSync(folder).find((name) =>
      name.endsWith(process.arch === 'x64' ? 'aarch64.so' : 'x86_64.so'),
    );
    await expect(load(join(folder, other!))).rejects.toThrow(/is built for \w+, this machine is/);
  });

  it('and one that takes its place is loaded after a crash', async () => {
    const path = buildExecutor();
    await using exec = await load(path);
    await expect(exec.fetch('/crash')).rejects.toThrow();
    copyFileSync(buildLibrary(ANSWER), path);
    expect(await (await exec.fetch('/crash')).text()).toBe('ok');
  });
});

it('a library that won’t unload is killed, and a line says so', async () => {
  const exec = await load(
    buildLibrary(`#include <unistd.h>
    ${ANSWER}
    void flexilib_unload(void) { for (;;) pause(); }`),
  );
  await exec.close();
  expect(exec.logs).toEqual([
    { level: 'warning', text: 'it stays in memory: a call of it, or flexilib_unload, goes on' },
  ]);
});

describe('the parent', () => {
  it.each(['/wait', '/spin'])('takes its child along when it is killed during %s', async (path) => {
    const script = `import { load } from '@flexilib/testing';
      const exec = await load(${JSON.stringify(library)}, { timeout: 60_000 });
      console.log(await (await exec.fetch('/pid')).text());
      await exec.fetch(${JSON.stringify(path)});
      await new Promise(() => setInterval(() => {}, 1000));`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const child = Number(line);
    await sleep(300);
    expect(isAlive(child)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isAlive(child), { timeout: 3000 }).toBe(false);
  });
});

const ANSWER = `static flexilib_response response = {.ptr = "ok", .len = 2};
  flexilib_response *handle_request(flexilib_request *request) { (void)request; return &response; }`;
const REFUSING = `${ANSWER}
  void flexilib_load(const flexilib_host *host) {
    host->log(FLEXILIB_LOG_ERROR, "looked for it everywhere", 24);
    host->refuse("no database", 11);
  }`;

function text(content: string): string {
  const path = `${library}.txt`;
  writeFileSync(path, content);
  return path;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
