// The same executor in each language, loaded and called by a small C program that plays the server.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { c, cargo, fixtures, hasCargo, out, root, run, zig } from './compile.ts';
import { definedSymbols } from './elf.ts';

const harness = c(join(fixtures, 'harness.c'), 'harness', ['-ldl']);

const libraries: Record<string, () => string> = {
  C: () => c(join(fixtures, 'executor.c'), 'executor-c.so', ['-shared', '-fPIC', '-fvisibility=hidden']),
  Zig: () => zig('build-lib -dynamic', join(fixtures, 'executor.zig'), 'executor-zig.so'),
  ...(hasCargo && { Rust: () => join(cargo(['build'], join(fixtures, 'executor-rust')), 'libexecutor.so') }),
};

const exported = [
  'flexilib_abi_version',
  'flexilib_load',
  'flexilib_nonblocking',
  'flexilib_unload',
  'handle_request',
  'request_deinit',
];

describe.each(Object.entries(libraries))('an executor in %s', (language, build) => {
  const library = build();
  const call = (...targets: string[]) =>
    run(harness, [library, ...targets])
      .trimEnd()
      .split('\n');

  test('says its version and that it never blocks', () => {
    expect(call()).toEqual(expect.arrayContaining(['version 1', 'nonblocking 1']));
  });

  test('finds a header in any case and answers with status, body and headers in order', () => {
    const headers = Array.from({ length: 20 }, (_, i) => `header x-test: v${i}`);
    const answer = ['status 201', ...headers, 'body GET /hello Ada'];
    const lines = call('/hello?x=1', '/hello').filter((line) => /^(status|header|body)/.test(line));
    expect(lines).toEqual([...answer, ...answer]);
  });

  test('logs and answers a failure', () => {
    const failure: Record<string, string[]> = {
      C: ['log 0 failing on GET', 'response none'],
      Zig: ['log 2 failing on GET', 'log 0 the handler returned error.Failed', 'status 500', 'body so far'],
      Rust: ['log 0 the handler failed: failing on GET', 'status 500', 'body '],
    };
    const lines = call('/fail').filter((line) => /^(log [02]|status|response|body)/.test(line));
    expect(lines).toEqual(failure[language]);
  });

  test('is unmapped when closed, after answers and failures', () => {
    expect(call('/hello', '/fail')).toContain('mapped 0');
  });

  test('exports nothing but the ABI', () => {
    expect(exported).toEqual(expect.arrayContaining(definedSymbols(library)));
  });
});

const reasons = Object.entries({ Zig: 'OnlyATest', Rust: 'only a test' });

describe('an error of load refuses the build, which can then be unmapped', () => {
  test.each(reasons.filter(([language]) => language in libraries))('in %s', (language, reason) => {
    const lines = run(harness, [libraries[language]!(), '/hello'], { REFUSE: '1' });
    expect(lines).toBe(`version 1\nnonblocking 1\nrefused ${reason}\nmapped 0\n`);
  });
});

describe.runIf(hasCargo)('Rust', () => {
  test('a panic is a 500 and a line in the log, the next call works, and the library can be unmapped', () => {
    const lines = run(harness, [join(out, 'target/debug/libexecutor.so'), '/panic', '/hello']);
    expect(lines).toMatch(/log 0 panicked at src.lib.rs:\d+:\d+: panicking on GET\nstatus 500\n/);
    expect(lines).toContain('status 201\n');
    expect(lines).toContain('mapped 0\n');
  });

  test('the crate passes its own tests', () => cargo(['test'], join(root, 'rust')));
});

test('without a server the C helpers use malloc, and request_deinit frees it', () => {
  const program = c(join(fixtures, 'standalone.c'), 'standalone');
  expect(run(program, [])).toBe('GET /hello Ada, 20 headers, freed\n');
});
