import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'flexilib-sanitized-'));
const runtime = join(import.meta.dirname, '../runtime');
const sources = readdirSync(runtime)
  .filter((name) => name.endsWith('.c'))
  .map((name) => join(runtime, name));
const here = (name: string) => join(import.meta.dirname, 'sanitized', name);
const common = [
  '-std=gnu11',
  '-D_GNU_SOURCE',
  '-O1',
  '-g',
  `-I${runtime}`,
  `-I${join(runtime, '../../abi-headers/include')}`,
];

/** zig cc brings no sanitizers: it takes a system compiler that has them. */
function has(sanitizer: string): boolean {
  const probe = spawnSync('gcc', [`-fsanitize=${sanitizer}`, '-x', 'c', '-', '-o', join(folder, 'probe')], {
    input: 'int main(void) { return 0; }',
  });
  return probe.status === 0 && spawnSync(join(folder, 'probe')).status === 0;
}

describe.each([
  ['address', ['crash']],
  // A fault leaves the executor through a signal handler, which this sanitizer doesn't follow.
  ['thread', []],
  ['undefined', []],
])('the runtime under the %s sanitizer', (sanitizer, mode) => {
  const available = has(sanitizer);
  if (!available)
    console.log(
      `native: the ${sanitizer} sanitizer is skipped, gcc or its library is missing (apt install gcc)`,
    );

  it.runIf(available)('has nothing to complain of', { timeout: 120_000 }, () => {
    const program = join(folder, sanitizer);
    const library = `${program}.so`;
    const flags = [...common, `-fsanitize=${sanitizer}`, '-fno-sanitize-recover=all'];
    execFileSync('gcc', [...common, '-shared', '-fPIC', here('executor.c'), '-o', library], {
      stdio: 'inherit',
    });
    execFileSync('gcc', [...flags, here('stress.c'), ...sources, '-o', program, '-ldl', '-lpthread'], {
      stdio: 'inherit',
    });
    const { status, stderr } = spawnSync(program, [library, ...mode], { encoding: 'utf8', timeout: 100_000 });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
