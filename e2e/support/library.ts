import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './server.ts';

const include = join(import.meta.dirname, '../../packages/abi-headers/include');
const MARK = 'build-00000';

/** Compiles C source text and gives the library's path. */
export function compile(source: string, name = 'lib.so'): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lib.c'), `#include "flexilib.h"\n${source}`);
  const flags = [
    '-shared',
    '-fPIC',
    '-O1',
    '-g0',
    '-fno-sanitize=undefined',
    '-D_GNU_SOURCE',
    `-I${include}`,
  ];
  execFileSync('zig', ['cc', ...flags, join(folder, 'lib.c'), '-o', join(folder, name)], {
    stdio: 'inherit',
  });
  return join(folder, name);
}

/** A library that answers everything with the text. more: of its source, in front. */
export const saying = (text: string, more = ''): string =>
  compile(`${more}
    flexilib_response *handle_request(flexilib_request *request) {
      static flexilib_response response = {.ptr = "${text}", .len = ${text.length}};
      (void)request;
      return &response;
    }`);

/** In front of one that runs on the loop. */
export const NONBLOCKING = 'const uint8_t flexilib_nonblocking = 1;';

/** A library that crashes at every request. */
export const crashingAlways = (): string =>
  compile(`flexilib_response *handle_request(flexilib_request *request) {
    *(volatile int *)0 = 1;
    return (flexilib_response *)request;
  }`);

/**
 * An executor that can be built again at no cost: it answers «build-N» (five digits), and to /block only when the
 * file that it was built for is there. To /crash it doesn't. Gives the bytes of build N.
 */
export function numbered(gate = '/nonexistent'): (build: number) => Buffer {
  const bytes = readFileSync(
    compile(`#include <string.h>
      #include <unistd.h>
      static const char text[] = "${MARK}";
      static _Thread_local flexilib_response response;
      flexilib_response *handle_request(flexilib_request *request) {
        if (request->target_len == 6 && !memcmp(request->target, "/block", 6)) while (access("${gate}", F_OK)) usleep(10000);
        if (request->target_len == 6 && !memcmp(request->target, "/crash", 6)) *(volatile int *)0 = 1;
        response.ptr = text;
        response.len = sizeof text - 1;
        return &response;
      }`),
  );
  const at = bytes.indexOf(MARK);
  if (at < 0 || bytes.indexOf(MARK, at + 1) >= 0) throw new Error('the mark must be there once');
  return (build) => {
    const copy = Buffer.from(bytes);
    copy.write(answerOf(build), at);
    return copy;
  };
}

export const answerOf = (build: number): string => `build-${String(build).padStart(5, '0')}`;

/** As a build tool does it: write beside, rename over. */
export function install(path: string, bytes: Buffer): void {
  writeFileSync(`${path}.new`, bytes);
  renameSync(`${path}.new`, path);
}
