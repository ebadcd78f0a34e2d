import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { objection, readElf } from '../src/index.ts';
import { answering, build, temporaryFolder } from './library.ts';

const folder = temporaryFolder();
const plain = join(folder, 'plain.so');
const usingLibc = answering('x', '#include <stdio.h>\nvoid request_deinit(void) { puts("x"); }');

async function facts(path: string) {
  await using file = await open(path);
  return await readElf(file, (await file.stat()).size);
}

beforeAll(() => {
  build(plain, usingLibc, ['-Wl,-rpath,$ORIGIN/lib']);
});

describe('facts', () => {
  it('reads what dlopen would look at', async () => {
    const found = await facts(plain);
    expect(found.machine).toBe({ x64: 62, arm64: 183 }[process.arch as 'x64']);
    expect(found.needed).toContain('libc.so.6');
    expect(found.runpath).toBe('$ORIGIN/lib');
    expect(found.exports.has('handle_request')).toBe(true);
    expect(found.exports.has('response')).toBe(false);
    expect([found.nodelete, found.unique]).toEqual([false, null]);
  });

  it.each(['sysv', 'gnu', 'both'])('counts symbols by the %s hash table', async (style) => {
    const path = build(join(folder, `${style}.so`), answering('x'), [`-Wl,--hash-style=${style}`]);
    expect((await facts(path)).exports.has('handle_request')).toBe(true);
  });

  it('needs no section headers', async () => {
    const bytes = readFileSync(plain);
    bytes.fill(0, 40, 48); // e_shoff
    bytes.fill(0, 60, 64); // e_shnum, e_shstrndx
    const path = join(folder, 'sectionless.so');
    writeFileSync(path, bytes);
    expect((await facts(path)).exports.has('handle_request')).toBe(true);
  });

  it('sees NODELETE', async () => {
    const path = build(join(folder, 'nodelete.so'), answering('x'), ['-Wl,-z,nodelete']);
    expect((await facts(path)).nodelete).toBe(true);
  });

  it('sees a unique symbol', async () => {
    const source = answering(
      'x',
      'asm(".globl u\\n.type u, @gnu_unique_object\\n.data\\nu: .quad 1\\n.size u, 8\\n.text");',
    );
    expect((await facts(build(join(folder, 'unique.so'), source))).unique).toBe('u');
  });
});

describe('problems', () => {
  it.each([
    ['is empty', () => Buffer.alloc(0)],
    ['is no ELF file', () => Buffer.from('MZ')],
    ['is no ELF file', () => Buffer.from('#!/bin/sh\n')],
    ['is cut short', () => readFileSync(plain).subarray(0, 40)],
    ['is cut short', () => readFileSync(plain).subarray(0, readFileSync(plain).length >> 1)],
    ['is cut short', () => readFileSync(plain).subarray(0, -1)],
    ['is a 32-bit library', () => changed(4, 1)],
    ['is a big-endian library', () => changed(5, 2)],
    ['is no shared library', () => changed(16, 1)],
  ])('%s', async (text, bytes) => {
    const path = join(folder, 'problem.so');
    writeFileSync(path, bytes());
    await expect(facts(path)).rejects.toThrow(text);
  });

  it('are never crashes, whatever byte is wrong', async () => {
    const bytes = readFileSync(plain);
    const path = join(folder, 'damaged.so');
    let refused = 0;
    for (let at = 0; at < 1024; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at] ^= 0xff;
      writeFileSync(path, damaged);
      await facts(path).catch((error: Error) => {
        expect(error.message).toMatch(/^(is|has) /);
        refused += 1;
      });
    }
    expect(refused).toBeGreaterThan(10);
  });

  function changed(at: number, value: number): Buffer {
    const bytes = readFileSync(plain);
    bytes[at] = value;
    return bytes;
  }
});

describe('objections', () => {
  const against = async (path: string) => objection(path, await facts(path))?.message ?? null;

  it('has none against an executor', async () => {
    expect(await against(plain)).toBeNull();
  });

  it('names the other machine', async () => {
    const other = process.arch === 'x64' ? 'aarch64' : 'x86_64';
    const path = build(join(folder, 'other.so'), answering('x'), ['-target', `${other}-linux-gnu.2.28`]);
    expect(await against(path)).toMatch(`is built for ${other}, this machine is`);
  });

  it('knows musl', async () => {
    const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64';
    const path = build(join(folder, 'musl.so'), usingLibc, ['-target', `${machine}-linux-musl`]);
    expect(await against(path)).toMatch('musl');
  });

  it.each([
    ['int other(void) { return 1; }', 'export it with C linkage'],
    ['int _Z14handle_requestPv(void) { return 1; }', 'declare it extern "C"'],
    ['int HandleRequest(void) { return 1; }', 'it has HandleRequest: rename it'],
  ])('explains a missing handle_request: %s', async (source, hint) => {
    const path = build(join(folder, 'nohandler.so'), source);
    expect(await against(path)).toMatch('exports no handle_request');
    expect(await against(path)).toMatch(hint);
  });

  it('agrees with the system’s own reader', async () => {
    const found = await facts(plain);
    let text: string;
    try {
      text = execFileSync('readelf', ['-d', '--wide', plain], { encoding: 'utf8' });
    } catch {
      return; // binutils is not everywhere
    }
    const needed = [...text.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
    expect(found.needed).toEqual(needed);
  });
});
