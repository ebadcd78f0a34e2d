import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const include = join(import.meta.dirname, '../../abi-headers/include');

export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'flexilib-loader-'));

/** An executor that answers with the text. */
export const answering = (text: string, more = ''): string => `#include "flexilib.h"
${more}
static flexilib_response response = {.ptr = "${text}", .len = ${text.length}};
flexilib_response *handle_request(flexilib_request *request) { (void)request; return &response; }
`;

/** Compiles C source text to the path. */
export function build(path: string, source: string, flags: string[] = []): string {
  mkdirSync(dirname(path), { recursive: true });
  const file = `${path}.c`;
  writeFileSync(file, source);
  const common = ['cc', '-shared', '-fPIC', '-O1', '-g0', '-fno-sanitize=undefined', `-I${include}`];
  execFileSync('zig', [...common, file, '-o', path, ...flags], { stdio: 'inherit' });
  return path;
}
