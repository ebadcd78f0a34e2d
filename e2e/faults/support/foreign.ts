// Libraries in other languages than C.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../../support/server.ts';

const include = join(import.meta.dirname, '../../../packages/abi-headers/include');
/** A compiler that succeeds may have said a lot: the first time, zig compiles its C++ library. */
const quiet = { stdio: 'pipe', maxBuffer: 64 << 20 } as const;

export function compileCpp(source: string): string {
  const folder = temporaryFolder();
  const library = join(folder, 'lib.so');
  writeFileSync(join(folder, 'lib.cpp'), `#include "flexilib.h"\n${source}`);
  const flags = ['-shared', '-fPIC', '-O1', '-g0', `-I${include}`];
  execFileSync('zig', ['c++', ...flags, join(folder, 'lib.cpp'), '-o', library], quiet);
  return library;
}

/** null: there is no Rust here. */
export function compileRust(source: string): string | null {
  const folder = temporaryFolder();
  const library = join(folder, 'lib.so');
  writeFileSync(join(folder, 'lib.rs'), source);
  try {
    execFileSync('rustc', ['--version'], { stdio: 'ignore' });
  } catch {
    return null;
  }
  const flags = ['--crate-type', 'cdylib', '--edition', '2021', '-Copt-level=1', '-Cstrip=debuginfo'];
  execFileSync('rustc', [...flags, join(folder, 'lib.rs'), '-o', library], quiet);
  return library;
}
