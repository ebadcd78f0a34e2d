import { expect } from 'vitest';
import { Outcome, type Runtime } from '../src/index.ts';
import { askExecutor } from './ask.ts';

/** C for a library that crashes in the way that the target's first letter says. */
export const source = `#include <stdlib.h>
#include <string.h>
#define APART static __attribute__((noinline))
APART int parse_query(volatile int *at) {
    *at = 1;
    return *at;
}
static inline __attribute__((always_inline)) int decode(volatile int *at) {
    return *at + 1;
}
APART int stop(int n) {
    if (n > 0) abort();
    return n;
}
APART int deeper(volatile int n) {
    volatile char page[4096];
    page[0] = (char)n;
    return n ? deeper(n + 1) + page[0] : 0;
}
APART int smash(volatile size_t n) {
    char small[8];
    memset(small, 0x41, n);
    return small[7];
}
int (*volatile nothing)(void);
flexilib_response *handle_request(flexilib_request *request) {
    static flexilib_response response;
    switch (request->target[1]) {
    case 'q': response.len = (size_t)parse_query((int *)8); break;
    case 'i': response.len = (size_t)decode((int *)8); break;
    case 'a': response.len = (size_t)stop(1); break;
    case 'd': response.len = (size_t)deeper(1); break;
    case 's': response.len = (size_t)smash(48); break;
    case 'n': response.len = (size_t)nothing() + 1; break;
    case 'g': return (flexilib_response *)42;
    }
    return &response;
}`;

/** As few as let the functions stay apart. */
export const flags: string[] = ['-fno-stack-protector', '-fno-optimize-sibling-calls'];

/** Of the first line with the text; buildLibrary puts an #include before it. */
export const lineOf = (text: string): number => source.split('\n').findIndex((had) => had.includes(text)) + 2;

let loaded = 0;
/** Loads the library, and gives what makes it crash and gives the runtime's text. */
export async function loadCrashing(
  runtime: Runtime,
  path: string,
): Promise<(target: string) => Promise<string>> {
  const library = await runtime.load(path, ++loaded);
  if ('code' in library) throw new Error(library.text);
  return async (target) => {
    const { outcome, signal } = await askExecutor({ runtime, library, where: 'pool' }, target);
    expect(outcome).toBe(Outcome.crashed);
    return signal;
  };
}
