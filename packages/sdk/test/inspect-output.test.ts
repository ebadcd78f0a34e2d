import { readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ElfProblem, openElf } from '@flexilib/loader';
import { describe, expect, it } from 'vitest';
import { anatomyOf } from '../src/inspect/anatomy.ts';
import { finding, type Id, kinds } from '../src/inspect/findings.ts';
import { print } from '../src/inspect/print.ts';
import type { Report } from '../src/inspect/report.ts';
import { answering, build, folder, look, shared, target, temporary } from './inspect-libraries.ts';

const source = answering(
  'count += (int)strlen(request->target);',
  `#include <string.h>
int count;
FLEXILIB_EXPORT uint32_t flexilib_abi_version(void) { return 1; }`,
);
const flags = [...shared, ...target, '-g', '-Wl,-z,nodelete'];

describe('the words', () => {
  it.runIf(process.arch === 'x64')('are these', async () => {
    const found = await look(build('zig cc', source, flags));
    // Before it is printed: a long path is on a line of its own.
    const report: Report = JSON.parse(JSON.stringify(found).replaceAll(`${folder}/`, ''));
    const libc = report.library!.needed[0].path!;
    const text = print(report, false)
      .replaceAll(libc, 'LIBC')
      .replace(/[\d.]+ kB/, 'N kB')
      .replace(/\d+-lib/g, 'lib');
    expect(text).toBe(`\
lib.so: nothing keeps the server from loading it, 1 warning, 1 note

  file      ELF library for x86_64, as here; N kB; with a symbol table
  made by   clang version 21.1.0; Linker: LLD 21.1.0
  lines     reports of crashes have them, such as lib.so.c:9
  exports   handle_request        answers requests
            flexilib_abi_version  says that it was made for version 1 of the ABI
  without   request_deinit, zigInit, flexilib_load, flexilib_unload, flexilib_nonblocking
  glibc     2.2.5 or newer (strlen)
  needs     libc.so.6: LIBC

  warning   is never unloaded: it is linked with -z nodelete [nodelete]
            C:    link without -Wl,-z,nodelete
            Zig:  link without -z nodelete
            Rust: leave out -C link-arg=-Wl,-z,nodelete
  note      exports 1 other symbol: count [extra-exports]
`);
  });

  it('fit into 100 columns, and have colours only when they are asked for', async () => {
    const report = await look(build('zig cc', source, flags));
    const all = Object.entries(kinds).map(([id, { means }]) => finding(id as Id, means));
    const text = print({ ...report, file: 'lib.so', findings: all }, false);
    const lines = text.replaceAll(folder, '').split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBe(100);
    expect(text).not.toContain('\x1b');
    expect(print(report, true)).toContain('\x1b[1;33m  warning\x1b[0m');
  });

  it('do not let a library command the terminal', async () => {
    const name = '\\033[31mred';
    const shouting = answering('', `__asm__(".globl \\"${name}\\"\\n\\"${name}\\": .quad 0");`);
    const path = build('zig cc', shouting, [...shared, ...target]);
    const report = await look(path);
    expect(report.library!.otherExports.names).toEqual(['\x1b[31mred']);
    expect(print(report, false)).toContain('?[31mred');
  });
});

describe('--json', () => {
  it('has this shape', async () => {
    const path = build('zig cc', source, flags);
    expect(JSON.parse(JSON.stringify(await look(path)))).toEqual({
      file: path,
      verdict: 'warning',
      size: readFileSync(path).length,
      library: {
        machine: expect.stringMatching(/^(x86_64|aarch64)$/),
        forThisMachine: true,
        stripped: false,
        sourceLine: `${path}.c:9`,
        debug: { present: true, compression: null, split: false, link: false },
        makers: [expect.stringMatching('clang version'), expect.stringMatching('LLD')],
        abi: {
          exports: ['handle_request', 'flexilib_abi_version'],
          missing: ['request_deinit', 'zigInit', 'flexilib_load', 'flexilib_unload', 'flexilib_nonblocking'],
          version: 1,
        },
        otherExports: { count: 1, names: ['count'] },
        glibc: { version: expect.stringMatching(/^2\./), symbols: ['strlen'] },
        needed: [{ name: 'libc.so.6', path: expect.stringMatching(/\/libc\.so\.6$/) }],
        linkerAsked: true,
        runpath: '',
        constructors: 0,
      },
      findings: [
        {
          id: 'nodelete',
          level: 'warning',
          text: expect.any(String),
          mend: { c: expect.any(String), zig: expect.any(String), rust: expect.any(String) },
        },
        { id: 'extra-exports', level: 'note', text: expect.any(String), mend: expect.any(Object) },
      ],
    });
  });
});

describe('damage', () => {
  /** Always the same numbers: a failure can be had again. */
  function createRandom(seed: number): (below: number) => number {
    let state = seed;
    return (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
  }

  const bytes = () => readFileSync(build('zig cc', source, [...shared, ...target, '-s', '-Wl,-z,nodelete']));

  /** Some bytes become others, in the headers and tables more often than in the code. */
  function damage(original: Buffer, random: (below: number) => number): Buffer {
    const damaged = Buffer.from(original);
    for (let left = 1 + random(4); left > 0; left--) {
      const at = random(4) === 0 ? random(damaged.length) : random(Math.min(2048, damaged.length));
      damaged[at] = [0, 0xff, 0x7f, 0x80, random(256)][random(5)];
    }
    return random(20) === 0 ? damaged.subarray(0, random(damaged.length)) : damaged;
  }

  it('is an ElfProblem or nothing, a few thousand times', async () => {
    const original = bytes();
    const random = createRandom(7);
    const path = temporary('damaged.so');
    let refused = 0;
    for (let i = 0; i < 3000; i++) {
      writeFileSync(path, damage(original, random));
      await using file = await open(path);
      const begun = performance.now();
      try {
        await anatomyOf(await openElf(file, (await file.stat()).size));
      } catch (error) {
        expect(error, `round ${i}`).toBeInstanceOf(ElfProblem);
        refused += 1;
      }
      expect(performance.now() - begun, `round ${i}`).toBeLessThan(2000);
    }
    expect(refused).toBeGreaterThan(300);
  }, 120_000);

  it('of the section headers is none: loading does without them', async () => {
    const path = build('zig cc', source, [...shared, ...target]);
    const whole = await look(path);
    const damaged = readFileSync(path);
    const [headers, count, names] = [
      Number(damaged.readBigUInt64LE(40)),
      damaged.readUInt16LE(60),
      damaged.readUInt16LE(62),
    ];
    for (let i = 0; i < count; i++)
      if (i !== names) damaged.writeBigUInt64LE(1n << 40n, headers + 64 * i + 24);
    writeFileSync(path, damaged);
    const report = await look(path);
    expect([report.verdict, report.library?.makers]).toEqual([whole.verdict, []]);
  });

  it('ends in a verdict, with the dynamic linker and the finder of lines asked', async () => {
    const original = bytes();
    const random = createRandom(11);
    const path = temporary('damaged.so');
    const verdicts = new Set<string>();
    for (let i = 0; i < 250; i++) {
      writeFileSync(path, damage(original, random));
      const report = await look(path);
      verdicts.add(report.verdict);
      expect(print(report, false)).toMatch(dirname(path));
    }
    expect([...verdicts].sort()).toEqual(['error', 'warning']);
  }, 120_000);
});
