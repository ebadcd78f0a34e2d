import { copyFileSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Runtime, reportOf, startRuntime } from '../src/index.ts';
import { buildLibrary } from './build.ts';
import { flags, lineOf, loadCrashing, source } from './crashing.ts';

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ threads: 1, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());

/** Offsets are the compiler's. */
const plain = (report: string) => report.replace(/0x[0-9a-f]{3,}|(?<=\+)0x[0-9a-f]+/g, '0x_').split('\n');

describe('a library with debug information', () => {
  let path: string;
  let crash: (target: string) => Promise<string>;
  const report = async (target: string) => plain(await reportOf(await crash(target), path));
  const at = (text: string) => `at ${path.replace('.so', '.c')}:${lineOf(text)}`;
  beforeAll(async () => {
    path = buildLibrary(source, ['-g', ...flags]);
    crash = await loadCrashing(runtime, path);
  }, 60_000);

  it('is told with function, file and line of each frame, static ones too', async () => {
    expect(await report('/query')).toEqual([
      'SIGSEGV at address 0x8 in parse_query+0x_',
      `  #0 parse_query+0x_ ${at('*at = 1')}`,
      `  #1 handle_request+0x_ ${at("case 'q'")}`,
    ]);
  });

  it('is told with the function that was inlined, and where', async () => {
    expect(await report('/inline')).toEqual([
      'SIGSEGV at address 0x8 in decode, inlined in handle_request+0x_',
      `  #0 decode ${at('*at + 1')}`,
      `     inlined in handle_request+0x_ ${at("case 'i'")}`,
    ]);
  });

  it('is named when it is the C library that raises the signal', async () => {
    const [headline, ...frames] = await report('/abort');
    expect(headline).toMatch(/^SIGABRT in .*libc\.so\.6.*, called from stop\+0x_$/);
    expect(frames.at(-3)).toMatch(/^ {2}#\d abort\+0x_ \(libc\.so\.6\)$/);
    expect(frames.at(-2)).toMatch(`stop+0x_ ${at('abort();')}`);
    expect(frames.at(-1)).toMatch(`handle_request+0x_ ${at("case 'a'")}`);
  });

  it('has its stack cut when it is deep', async () => {
    const [headline, ...frames] = await report('/deep');
    expect(headline).toBe('SIGSEGV at address 0x_ in deeper+0x_');
    expect(frames).toHaveLength(16);
    expect(frames[15]).toBe(`  #15 deeper+0x_ ${at('deeper(n + 1)')}`);
  });

  it('is told as far as a damaged stack goes', async () => {
    const [headline, first] = await report('/smash');
    expect(headline).toBe('SIGSEGV at address 0x0 in smash+0x_');
    expect(first).toMatch(/^ {2}#0 smash\+0x_ at .*:\d+$/);
  });

  it('is told when it calls where there is no code', async () => {
    const [headline, first] = await report('/nothing');
    expect(headline).toMatch(/^SIGSEGV at address 0x0 in no library/);
    expect(first).toBe('  #0 0x0 (no library)');
  });

  it('is not told of frames that aren’t its own', async () => {
    expect(await report('/garbage')).toEqual([
      'SIGSEGV at address 0x4a in FlexiLib, at what the library gave it',
    ]);
  });

  it('is read once: its next crash at the place is told from memory', async () => {
    const text = await crash('/query');
    const copy = join(mkdtempSync(join(tmpdir(), 'flexilib-test-')), 'copy.so');
    copyFileSync(path, copy);
    const moved = text.replace(path, copy);
    const reports = await Promise.all([reportOf(moved, 'one'), reportOf(moved, 'one')]);
    rmSync(copy);
    expect(plain(reports[0])[1]).toContain(at('*at = 1'));
    expect([reports[1], await reportOf(moved, 'one')]).toEqual([reports[0], reports[0]]);
    expect(await reportOf(moved, 'another')).not.toContain('.c:');
  });

  it('is told without lines when many crash at other places at a time', async () => {
    const text = await crash('/query');
    const reports = await Promise.all(Array.from({ length: 9 }, (_, i) => reportOf(text, `build ${i}`)));
    expect(reports.map((report) => report.includes('.c:'))).toEqual(reports.map((_, i) => i < 4));
  });

  it('is found where a copy in memory is', async () => {
    const text = await crash('/query');
    const fd = openSync(path, 'r');
    expect(await reportOf(text.replace(path, `/proc/self/fd/${fd}`), 'memory')).toContain('.c:');
  });
});

it('tells symbols, and offsets in the library, of one that is stripped', async () => {
  const path = buildLibrary(source, ['-s', ...flags]);
  expect(plain(await reportOf(await (await loadCrashing(runtime, path))('/query'), path))).toEqual([
    'SIGSEGV at address 0x8 in library+0x_',
    '  #0 library+0x_',
    '  #1 handle_request+0x_',
  ]);
});

it('tells static functions without debug information while there is a symbol table', async () => {
  const path = buildLibrary(source, ['-g0', ...flags]);
  expect(plain(await reportOf(await (await loadCrashing(runtime, path))('/query'), path))).toEqual([
    'SIGSEGV at address 0x8 in parse_query+0x_',
    '  #0 parse_query+0x_',
    '  #1 handle_request+0x_',
  ]);
});
