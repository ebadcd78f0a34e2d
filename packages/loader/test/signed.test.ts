// Libraries of which a signature is required: what is verified is what will be loaded, and all of it.
import { closeSync, openSync, readdirSync, watch, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DT, openElf, PT, u64 } from '../src/elf-image.ts';
import { openRunDirectory, type RunDirectory, requireSignature } from '../src/index.ts';
import { stage } from '../src/stage.ts';
import { answering, build, temporaryFolder } from './library.ts';

/** Of which a library has no use. */
const DEBUG = 21;

let folder: string;
let path: string;
let runDirectory: RunDirectory;
let verified: string[];

beforeEach(async () => {
  folder = temporaryFolder();
  path = join(folder, 'lib.so');
  verified = [];
  runDirectory = await openRunDirectory({ FLEXILIB_RUN_DIR: temporaryFolder() });
});
afterEach(() => runDirectory.close());

/** Up to where the server would load it. */
async function take(): Promise<void> {
  const { path: copy, hash, facts, remove } = await stage(path, 1, runDirectory.path);
  try {
    await requireSignature(
      async (library) => {
        verified.push(library.copy);
        return 'signature';
      },
      path,
      copy,
      hash,
      facts,
      null,
    );
  } finally {
    await remove();
  }
}

/** Gives a function that makes another entry of the dynamic section of RUNPATH, in place. */
async function changeRunpath(tag: number): Promise<() => void> {
  await using handle = await open(path);
  const { segments, read } = await openElf(handle, (await handle.stat()).size);
  const { offset, size } = segments.find(({ type }) => type === PT.dynamic)!;
  const entries = await read(offset, size);
  let at = 0;
  while (u64(entries, at) !== DT.runpath) at += 16;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(tag));
  return () => {
    const fd = openSync(path, 'r+');
    writeSync(fd, bytes, 0, 8, offset + at);
    closeSync(fd);
  };
}

it('is verified where nobody else can replace it, also if the file changes while it is copied', async () => {
  // Long, so that the dynamic section is copied last.
  const long = answering('x', 'const char padding[16 << 20] = {1};');
  build(path, long, ['-Wl,-rpath,$ORIGIN']);
  const change = await changeRunpath(DEBUG);
  // The copy appears beside a library that looks for its neighbours: then the file becomes another.
  const watcher = watch(folder, (_, name) => name?.startsWith('.lib.so.') && change());
  await expect(take()).rejects.toMatchObject({
    code: 'FL_STAGING',
    message: expect.stringContaining('it is written while it is copied'),
  });
  watcher.close();
  expect(verified).toEqual([]);
  expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  await take();
  expect(verified).toEqual([expect.stringContaining(runDirectory.path!)]);
});

describe('is refused with libraries that nobody has signed', () => {
  const uses = answering('x', 'void neighbour(void);\nvoid request_deinit(void) { neighbour(); }');
  const relative = (text: string) => `the relative path ${JSON.stringify(text)}`;
  it.each([
    ['beside it', ['-Wl,-rpath,$ORIGIN/lib'], 'beside it ($ORIGIN)'],
    ['beneath where the server was started', ['-Wl,-rpath,/usr/lib:lib'], relative('lib')],
    ['where the server was started', ['-Wl,-rpath,/usr/lib:'], relative('')],
  ])('%s', async (_, flags, what) => {
    build(path, answering('x'), flags);
    await expect(take()).rejects.toMatchObject({
      code: 'FL_LIBRARY_SIGNATURE',
      message: expect.stringContaining(`loaded from ${what}, which no signature covers`),
    });
    expect(verified).toEqual([]);
  });

  it('as a filter', async () => {
    build(path, answering('x'), ['-Wl,-rpath,./libother.so']);
    (await changeRunpath(DT.filter))();
    await expect(take()).rejects.toThrow(`loaded from ${relative('./libother.so')}`);
  });

  it.each(['lib/libneighbour.so', '$ORIGIN/libneighbour.so'])('needed by the name %s', async (name) => {
    const neighbour = join(folder, 'libneighbour.so');
    build(neighbour, 'void neighbour(void) {}', [`-Wl,-soname,${name}`]);
    build(path, uses, [neighbour]);
    await expect(take()).rejects.toThrow(`loaded from ${relative(name)}`);
    expect(verified).toEqual([]);
  });
});

it('is taken with libraries of the system', async () => {
  build(path, answering('x'), ['-Wl,-rpath,/usr/lib:/opt/lib', '-lm']);
  await take();
  expect(verified).toHaveLength(1);
});
