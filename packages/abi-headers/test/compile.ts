// Real compilers for the tests. What they make goes to dist/test, so that a second run finds warm caches.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root: string = resolve(import.meta.dirname, '..');
export const fixtures: string = join(import.meta.dirname, 'fixtures');
export const out: string = join(root, 'dist/test');
mkdirSync(out, { recursive: true });

export const hasCargo: boolean = spawnSync('cargo', ['--version']).status === 0;
if (!hasCargo)
  console.log('abi-headers: the Rust tests are skipped, cargo is not installed (https://rustup.rs)');

export const include: string = `-I${join(root, 'include')}`;
const zigModules = (main: string): string[] => [
  '--dep',
  'flexilib',
  `-Mroot=${main}`,
  `-Mflexilib=${join(root, 'zig/flexilib.zig')}`,
];
/** On x64 Zig has a backend of its own, which saves seconds. */
const fast: string[] = process.arch === 'x64' ? ['-fno-llvm', '-fno-lld', '-mcpu=baseline'] : [];
/** Without -O1 zig cc adds a sanitizer, and building that takes 20 s the first time. */
const cflags: string[] = ['-O1', include];

/** Runs a program and returns its standard output; throws with its standard error. */
export function run(command: string, args: string[], env: Record<string, string> = {}): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    cwd: out,
    stdio: 'pipe',
    env: { ...process.env, ...env },
  });
}

export function c(source: string, output: string, flags: string[] = []): string {
  run('zig', ['cc', ...cflags, ...flags, source, '-o', output]);
  return join(out, output);
}

export function zig(kind: 'build-lib -dynamic' | 'build-exe', source: string, output: string): string {
  run('zig', [
    ...kind.split(' '),
    '-lc',
    '-fno-ubsan-rt',
    ...fast,
    ...zigModules(source),
    `-femit-bin=${output}`,
  ]);
  return join(out, output);
}

/** Compiles and runs the tests in a file. */
export function zigTest(source: string): { status: number | null; output: string } {
  const args = ['test', '-lc', ...fast, ...zigModules(source)];
  const { status, stdout, stderr } = spawnSync('zig', args, { cwd: out, encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

export function cargo(args: string[], project: string): string {
  const target = join(out, 'target');
  run('cargo', [...args, '--quiet', '--manifest-path', join(project, 'Cargo.toml')], {
    CARGO_TARGET_DIR: target,
  });
  return join(target, 'debug');
}
