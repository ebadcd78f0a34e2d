import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLibrary } from '../../native/test/build.ts';
import { load } from '../src/index.ts';
import { buildExecutor, buildRust, buildZig, hasCargo } from './build.ts';

if (!hasCargo) console.log('testing: the Rust tests are skipped, cargo is not installed (https://rustup.rs)');

let executor: string;
beforeAll(() => {
  executor = buildExecutor();
});

async function leaks(library: string, path = '/', calls?: number) {
  await using exec = await load(library);
  return exec.leaks(path, calls === undefined ? {} : { calls });
}

const NONE = { leaks: false, bytes: 0, bytesPerCall: 0, descriptors: 0, threads: 0 };

describe('no leak is seen', () => {
  const hello = join(import.meta.dirname, '../../../examples/hello-c/src/main.c');
  const clean: [string, () => string][] = [
    ['C', () => buildLibrary(readFileSync(hello, 'utf8'))],
    ['Zig', () => buildZig('')],
    ...(hasCargo ? [['Rust', () => buildRust('')] as [string, () => string]] : []),
  ];

  it.each(clean)('in an executor in %s that keeps nothing', async (_language, build) => {
    const library = build();
    for (let i = 0; i < 5; i++) expect(await leaks(library)).toMatchObject(NONE);
  });

  it('where a body is copied into the arena, and a line logged', async () => {
    await using exec = await load(executor);
    expect(await exec.leaks('/echo', { body: 'a'.repeat(10_000) })).toMatchObject(NONE);
    expect(await exec.leaks('/log')).toMatchObject(NONE);
    expect(exec.logs).toEqual([]);
  });

  it('in a cache that fills', async () => {
    const library = buildLibrary(`#include <stdlib.h>
      static flexilib_response response = {.ptr = "ok", .len = 2};
      flexilib_response *handle_request(flexilib_request *request) {
        static int cached;
        (void)request;
        if (cached++ < 1000) *(volatile char *)malloc(1000) = 1;
        return &response;
      }`);
    expect(await leaks(library)).toMatchObject(NONE);
  });
});

describe('a leak is seen', () => {
  // What malloc(3) really takes for it.
  it.each([
    [64, 80],
    [1, 32],
  ])('of malloc(%i) a call', async (size, taken) => {
    for (let i = 0; i < 5; i++) {
      const found = await leaks(executor, `/leak?${size}`);
      expect(found).toMatchObject({ leaks: true, descriptors: 0, threads: 0 });
      expect(found.bytesPerCall).toBeGreaterThan(taken - 1);
      expect(found.bytesPerCall).toBeLessThan(taken + 10);
    }
  });

  it.each([
    ['pages', '/map', { bytesPerCall: 4096 }],
    ['descriptors', '/descriptor', { bytes: 0, descriptors: 504 }],
    ['threads', '/thread', { threads: 504 }],
  ])('of %s', async (_, path, found) => {
    expect(await leaks(executor, path, 500)).toMatchObject({ leaks: true, calls: 504, ...found });
  });

  it.each(['c_allocator', 'page_allocator'])('of Zig’s %s', async (allocator) => {
    const body = `_ = try std.heap.${allocator}.alloc(u8, 64);`;
    expect(await leaks(buildZig(body))).toMatchObject({ leaks: true });
  });

  it('of Zig’s smp_allocator, whose memory comes in slabs, by more calls', async () => {
    const library = buildZig('_ = try std.heap.smp_allocator.alloc(u8, 64);');
    const found = await leaks(library, '/', 20_000);
    expect(found.bytesPerCall).toBeGreaterThan(20);
    expect(found.bytesPerCall).toBeLessThan(200);
  });

  it.runIf(hasCargo)('of a Box in Rust', async () => {
    const found = await leaks(buildRust('std::hint::black_box(Box::leak(Box::new([1u8; 64])));'));
    expect(found.bytesPerCall).toBeGreaterThan(63);
    expect(found.bytesPerCall).toBeLessThan(100);
  });

  it('unless a call fails before, which is told instead', async () => {
    await using exec = await load(executor, { timeout: 500 });
    await expect(exec.leaks('/crash')).rejects.toMatchObject({ code: 'FL_CALL_CRASHED' });
    await expect(exec.leaks('/spin')).rejects.toMatchObject({ code: 'FL_CALL_TIMEOUT' });
    await expect(exec.leaks('/spin')).rejects.toThrow('it was stopped in spin_for_ever');
    expect(await exec.leaks('/')).toMatchObject(NONE);
  });
});
