import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Runtime, reportOf, startRuntime } from '../src/index.ts';
import { buildLibrary } from './build.ts';
import { flags, loadCrashing, source } from './crashing.ts';

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ threads: 1, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());

const folder = mkdtempSync(join(tmpdir(), 'flexilib-test-'));
const library = join(folder, 'lib.so');
const languages = [
  {
    compiler: 'rustc',
    flags: ['-g', '-C', 'debug-assertions=off', '--crate-type', 'cdylib', '-o', library],
    file: join(folder, 'lib.rs'),
    text: `fn parse_query(at: *mut i32) {
    unsafe { at.write_volatile(1) }
}
#[unsafe(no_mangle)]
pub extern "C" fn handle_request(_: *const u8) -> *const u8 {
    parse_query(8 as *mut i32);
    std::ptr::null()
}`,
  },
  {
    compiler: 'zig',
    flags: ['build-lib', '-dynamic', '-lc', `-femit-bin=${library}`],
    file: join(folder, 'lib.zig'),
    text: `fn parse_query(at: *volatile i32) void {
    at.* = 1;
}

export fn handle_request(_: ?*anyopaque) ?*anyopaque {
    parse_query(@ptrFromInt(8));
    return null;
}`,
  },
];
describe.each(languages)('a library made by $compiler', ({ compiler, flags, file, text }) => {
  it.skipIf(spawnSync(compiler).error)('is told with lines', { timeout: 120_000 }, async () => {
    writeFileSync(file, text);
    execFileSync(compiler, [...flags, file], { stdio: 'inherit' });
    // The second one may not have the first one's name.
    const path = `${file}.so`;
    renameSync(library, path);
    const crash = await loadCrashing(runtime, path);
    const report = await reportOf(await crash('/'), path);
    expect(report).toMatch(/parse_query\+0x/);
    expect(report).toContain(` at ${file}:6`);
  });
});

describe('the symbolizer', () => {
  const run = (...args: string[]) =>
    spawnSync(join(import.meta.dirname, '../dist/flexilib-symbolize'), args, { encoding: 'utf8' });

  it('says nothing of what isn’t a library', () => {
    for (const args of [[], ['/none'], ['/dev/null', '10'], [import.meta.filename, '10'], [folder, '10']])
      expect(run(...args)).toMatchObject({ status: 1, stdout: '', stderr: '' });
  });

  it('ends by itself on damaged ones, and says nothing', () => {
    const bytes = readFileSync(buildLibrary(source, ['-g', ...flags]));
    const damaged = join(folder, 'damaged.so');
    let failed = 0;
    for (let i = 0; i < 200; i++) {
      const copy = Buffer.from(bytes.subarray(0, i % 2 ? bytes.length : (bytes.length * i) / 200));
      for (let at = i; at < copy.length; at += 997) copy[at] ^= i + 1;
      writeFileSync(damaged, copy);
      const { status, stderr } = run(damaged, '1600', '1700');
      expect([0, 1]).toContain(status);
      expect(stderr).toBe('');
      failed += status!;
    }
    expect(failed).toBeGreaterThan(100);
  });
});
