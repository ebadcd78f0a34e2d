// The test kits, as an author uses them: tests that pass, and tests that fail and say why.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { c, fixtures, include, out, run, zigTest } from './compile.ts';

const kit = join(fixtures, 'kit');
const sources = (tests: string) => [join(kit, 'executor.c'), join(kit, tests)];

const has = (compiler: string) => spawnSync(compiler, ['--version']).status === 0;

/** Runs a program whose failure is expected. */
function fails(program: string, args: string[] = []): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: out, encoding: 'utf8' });
  return { status, output: (stdout + stderr).replaceAll(`${kit}/`, '').replaceAll(program, 'PROGRAM') };
}

describe('flexilib_test.h', () => {
  const compilers = [
    ...['c99', 'c11', 'c23', 'c++17', 'c++20'].map((standard) => ['zig', standard]),
    ...(has('gcc') ? [['gcc', 'c99']] : []),
    ...(has('g++') ? [['g++', 'c++17']] : []),
  ];

  test.each(compilers)('compiles without a warning and passes: %s, %s', (compiler, standard) => {
    const command = compiler === 'zig' ? ['zig', 'cc'] : [compiler!];
    const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror', `-std=${standard}`];
    const language = ['-x', standard!.startsWith('c++') ? 'c++' : 'c'];
    const program = `kit-${compiler}-${standard}`;
    const args = [...warnings, '-O1', include, ...language, ...sources('passing.c'), '-o', program];
    run(command[0]!, [...command.slice(1), ...args]);
    const lines = run(join(out, program), []).trimEnd().split('\n');
    expect(lines.filter((line) => !line.startsWith('#')).map((line) => line.split(' ')[0])).toEqual([
      ...Array(12).fill('ok'),
      '1..12',
    ]);
  });

  const failing = c(sources('failing.c')[0]!, 'kit-failing', [sources('failing.c')[1]!]);

  test('says of each test that fails why, and goes on after crashes, exits and endless loops', () => {
    const { status, output } = fails(failing);
    expect(output).toBe(`failing.c:10: error: expected the status 200
    got 201 with the body "GET / - "
failing.c:11: error: expected the body "hello\\n"
    got "GET / - "
failing.c:12: error: expected the header x-name: "Ada"
    got none
failing.c:13: error: expected the header content-type: none
    got "text/plain"
failing.c:14: error: expected the log to contain "odd"
    got ""
failing.c:15: error: answer.body_len == 0 does not hold
not ok 1 - checks
failing.c:18: error: the response would be refused, with a 500: a header has an illegal name
    in "x y": "z"
not ok 2 - illegal_name
failing.c:19: error: the response would be refused, with a 500: a header value contains CR, LF, NUL or another control byte
    in "x-y": "a\\x0d\\nb"
not ok 3 - illegal_value
failing.c:20: error: the response would be refused, with a 500: its status is not within 200 to 999
not ok 4 - illegal_status
failing.c:21: error: a request's headers are lines of \`name: value\`, and "nonsense" is not
not ok 5 - illegal_request
failing.c:22: error: expected the status 200
    got 500 with the body "Internal Server Error\\n"
not ok 6 - null
failing.c:23: error: crashed: SIGABRT; a debugger shows where: PROGRAM crash
not ok 7 - crash
failing.c:24: error: crashed: SIGSEGV; a debugger shows where: PROGRAM stack_overflow
not ok 8 - stack_overflow
failing.c:25: error: the process ended with the exit status 0
not ok 9 - exits
failing.c:26: error: not done after 1 seconds
not ok 10 - loops
failing.c:28: error: flexilib_load refused: "no database"
not ok 11 - refused
ok 12 - passes
1..12
# 11 of 12 failed
`);
    expect(status).toBe(1);
  });

  test('runs one test by its name', () => {
    expect(run(failing, ['passes'])).toBe('ok 1 - passes\n1..1\n');
    expect(fails(failing, ['null'])).toMatchObject({
      status: 1,
      output: expect.stringMatching(/^not ok 1 - null$/m),
    });
    expect(fails(failing, ['nul'])).toEqual({ status: 1, output: '1..0\n# there is no test nul\n' });
  });
});

/** zig cc brings no address sanitizer. */
const gccSanitizes =
  spawnSync('gcc', ['-fsanitize=address', '-x', 'c', '-', '-o', join(out, 'sanitizer')], {
    input: 'int main(void) { return 0; }',
  }).status === 0;
if (!gccSanitizes)
  console.log('abi-headers: the sanitizer test is skipped, gcc or its library is missing (apt install gcc)');

describe.runIf(gccSanitizes)('flexilib_test.h with the address sanitizer', () => {
  test('shows who goes beyond his memory, leaks, and uses a request that is over', () => {
    run('gcc', ['-fsanitize=address', '-g', include, ...sources('sanitized.c'), '-o', 'kit-sanitized']);
    const { status, output } = fails(join(out, 'kit-sanitized'));
    const lines = output.split('\n').filter((line) => /^SUMMARY|^(not )?ok/.test(line));
    expect(lines.map((line) => line.replace('SUMMARY: AddressSanitizer: ', ''))).toEqual([
      'ok 1 - passes',
      'not ok 2 - overrun',
      'not ok 3 - leak',
      'not ok 4 - use_after_request',
      expect.stringMatching(/^heap-buffer-overflow executor.c:/),
      '10 byte(s) leaked in 1 allocation(s).',
      expect.stringMatching(/^heap-use-after-free executor.c:/),
    ]);
    expect(status).toBe(1);
  });
});

describe('flexilib.testing of Zig', () => {
  test('passes, in a file that exports an executor', () => {
    expect(zigTest(join(kit, 'passing.zig'))).toMatchObject({ status: 0 });
  });

  test('says why a response would be refused, where an error came from, and what leaks', () => {
    const { status, output } = zigTest(join(kit, 'failing.zig'));
    expect(output).toContain(
      'GET /name: the response would be refused, with a 500: a header has an illegal name: "x y": "/name"',
    );
    expect(output).toMatch(/FAIL \(Failed\)\n.*failing\.zig:6:30/);
    expect(output).toContain('1 passed; 0 skipped; 2 failed.');
    expect(output).toContain('1 tests leaked memory.');
    expect(status).toBe(1);
  });
});
