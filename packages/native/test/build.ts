import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const include = join(import.meta.dirname, '../../abi-headers/include');

/** Compiles C source text into a shared library and gives its path. */
export function buildLibrary(source: string, flags: string[] = []): string {
  const directory = mkdtempSync(join(tmpdir(), 'flexilib-test-'));
  const path = join(directory, 'lib.so');
  writeFileSync(join(directory, 'lib.c'), `#include "flexilib.h"\n${source}`);
  const common = ['cc', '-shared', '-fPIC', '-O1', '-fno-sanitize=undefined', `-I${include}`];
  execFileSync('zig', [...common, join(directory, 'lib.c'), '-o', path, ...flags], { stdio: 'inherit' });
  return path;
}
