// Libraries to look at, made by real compilers.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Machine, thisMachine } from '../src/inspect/machine.ts';
import { inspect, type Report } from '../src/inspect/report.ts';

export const repository: string = join(import.meta.dirname, '../../..');
export const include: string = join(repository, 'packages/abi-headers/include');
export const folder: string = mkdtempSync(join(tmpdir(), 'flexilib-inspect-'));
export const here: Machine = thisMachine();
export const cpu: string = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
/** What works on any system that we do. */
export const target: string[] = ['-target', `${cpu}-linux-gnu.2.28`];

export const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0;
export const hasGcc: boolean = has('gcc');

export const executor = `#include "flexilib.h"
static flexilib_response response = {.ptr = "x", .len = 1};
#ifndef HANDLER
#define HANDLER FLEXILIB_EXPORT flexilib_response *handle_request(flexilib_request *request)
#endif
`;
/** An executor; body: what its handler does first; before: other declarations. */
export const answering = (body = '', before = ''): string =>
  `${executor}${before}\nHANDLER { (void)request; ${body} return &response; }\n`;

let number = 0;

export function temporary(name: string): string {
  return join(folder, `${number++}-${name}`);
}

/** Compiles, with what our own libraries are compiled with before the flags, and gives the path. */
export function build(
  compiler: string,
  source: string,
  flags: readonly string[],
  path: string = temporary('lib.so'),
): string {
  const cpp = compiler === 'g++' || compiler === 'zig c++';
  const file = `${path}.${cpp ? 'cc' : 'c'}`;
  writeFileSync(file, source);
  const [program, ...first] = compiler.split(' ');
  const zig = program === 'zig' ? ['-fno-sanitize=undefined'] : [];
  execFileSync(program, [...first, ...zig, '-O1', `-I${include}`, file, '-o', path, ...flags], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path;
}

export const shared = ['-shared', '-fPIC'] as const;

export async function look(path: string, machine: Machine = here): Promise<Report> {
  return await inspect(path, machine);
}

export const idsOf = ({ findings }: Report): string[] => findings.map(({ id }) => id);
