// Each finding: a library with the flaw has it, and one that was mended as the finding says hasn't.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exports as abi } from '@flexilib/abi-headers';
import { describe, expect, it } from 'vitest';
import { abiExports } from '../src/inspect/facts.ts';
import { kinds } from '../src/inspect/findings.ts';
import type { Machine } from '../src/inspect/machine.ts';
import { renewFindings } from '../src/inspect/page.ts';
import {
  answering,
  build,
  cpu,
  executor,
  folder,
  has,
  hasGcc,
  here,
  idsOf,
  look,
  repository,
  shared,
  target,
  temporary,
} from './inspect-libraries.ts';

interface Case {
  id: keyof typeof kinds;
  /** zig cc, unless it can't make the flaw. */
  compiler?: string;
  /** The source and flags of the flaw, and what is otherwise when it is mended. */
  source: string;
  flags: readonly string[];
  mended: { source?: string; flags?: readonly string[] };
  text: RegExp;
  machine?: Machine;
  level?: string;
}

const zigCc = 'zig cc';
const other = cpu === 'x86_64' ? 'aarch64' : 'x86_64';
const destructor = (body: string) => `struct Value { int number = 1; ${body} };
thread_local Value value;
extern "C" __attribute__((visibility("default"))) int handle_request() { return value.number++; }`;

const cases: Case[] = [
  {
    id: 'not-shared',
    source: `${executor}int main(void) { return 0; }`,
    flags: ['-fPIE', '-pie', ...target],
    mended: { flags: [...shared, ...target] },
    text: /^is a program/,
  },
  {
    id: 'not-shared',
    source: answering(),
    flags: ['-c', ...target],
    mended: { flags: [...shared, ...target] },
    text: /^is no shared library; link it with -shared/,
  },
  {
    id: 'other-machine',
    source: answering(),
    flags: [...shared, '-target', `${other}-linux-gnu.2.28`],
    mended: { flags: [...shared, ...target] },
    text: new RegExp(`^is built for ${other}, this machine is ${cpu}`),
  },
  {
    id: 'other-libc',
    source: answering('puts("x");', '#include <stdio.h>'),
    flags: [...shared, '-target', `${cpu}-linux-musl`],
    mended: { flags: [...shared, ...target] },
    text: /^needs libc\.so, musl's/,
  },
  {
    id: 'no-handle-request',
    source: 'int HandleRequest(void *request) { return request != 0; }',
    flags: [...shared, ...target],
    mended: { source: 'int handle_request(void *request) { return request != 0; }' },
    text: /^exports no handle_request; it has HandleRequest: rename it$/,
  },
  {
    id: 'no-handle-request',
    compiler: 'g++',
    source: 'int handle_request(void *request) { return request != 0; }',
    flags: shared,
    mended: { source: 'extern "C" int handle_request(void *request) { return request != 0; }' },
    text: /only the C\+\+ name _Z14handle_requestPv; declare it extern "C"$/,
  },
  {
    id: 'abi-version',
    source: answering('', 'FLEXILIB_EXPORT uint32_t flexilib_abi_version(void) { return 2; }'),
    flags: [...shared],
    mended: { source: answering('', 'FLEXILIB_EXPORT uint32_t flexilib_abi_version(void) { return 1; }') },
    text: /^is made for version 2 of the executor ABI, this server has version 1$/,
  },
  {
    id: 'glibc-too-new',
    source: answering(
      'static char to[8]; strlcpy(to, request->target, sizeof to);',
      '#include <string.h>\n#if __GLIBC_MINOR__ < 38\n#define strlcpy(a, b, c) strncpy(a, b, c)\n#endif',
    ),
    flags: [...shared, '-target', `${cpu}-linux-gnu.2.38`],
    mended: { flags: [...shared, ...target] },
    machine: { ...here, glibc: '2.36' },
    text: /^needs glibc 2\.38, for strlcpy; here is 2\.36$/,
  },
  {
    id: 'glibc-floor',
    source: answering(
      'static char to[8]; strlcpy(to, request->target, sizeof to);',
      '#include <string.h>\n#if __GLIBC_MINOR__ < 38\n#define strlcpy(a, b, c) strncpy(a, b, c)\n#endif',
    ),
    flags: [...shared, '-target', `${cpu}-linux-gnu.2.38`],
    mended: { flags: [...shared, ...target] },
    machine: { ...here, glibc: '2.40', linker: null },
    text: /^needs glibc 2\.38 or newer, for strlcpy$/,
  },
  {
    id: 'undefined-symbol',
    source: answering('elsewhere();', 'void elsewhere(void);'),
    flags: [...shared, ...target, '-Wl,-z,undefs'],
    mended: { source: answering('elsewhere();', 'void elsewhere(void) {}') },
    text: /^uses elsewhere, which nothing that it needs defines$/,
  },
  {
    id: 'no-dlopen',
    compiler: 'gcc',
    source: answering(),
    flags: [...shared, '-Wl,-z,nodlopen'],
    mended: { flags: shared },
    text: /not for dlopen/,
  },
  ...(['2.36', '2.41'] as const).map(
    (glibc): Case => ({
      id: 'executable-stack',
      compiler: 'gcc',
      source: answering(),
      flags: [...shared, '-Wl,-z,execstack'],
      mended: { flags: [...shared, '-Wl,-z,noexecstack'] },
      machine: { ...here, glibc },
      level: glibc === '2.41' ? 'error' : 'warning',
      text: glibc === '2.41' ? /glibc 2\.41 refuses to load it$/ : /they become so in the whole server/,
    }),
  ),
  {
    id: 'text-relocations',
    compiler: 'gcc',
    source: answering('elsewhere(request);', 'FLEXILIB_EXPORT void elsewhere(void *it) { (void)it; }'),
    flags: ['-shared', '-fno-pic', '-mcmodel=large', '-Wl,-z,notext'],
    mended: { flags: shared },
    text: /DF_TEXTREL/,
  },
  {
    id: 'nodelete',
    source: answering(),
    flags: [...shared, ...target, '-Wl,-z,nodelete'],
    mended: { flags: [...shared, ...target] },
    text: /^is never unloaded: it is linked with -z nodelete$/,
  },
  {
    id: 'unique-symbol',
    compiler: 'g++',
    source:
      'template <int> struct Of { static int count; };\ntemplate <int n> int Of<n>::count = n;\nextern "C" int handle_request() { return Of<7>::count++; }',
    flags: [...shared],
    mended: { flags: [...shared, '-fno-gnu-unique'] },
    text: /^is never unloaded: its symbol _ZN2OfILi7EE5countE is STB_GNU_UNIQUE$/,
  },
  {
    id: 'thread-local-destructor',
    compiler: 'g++',
    source: destructor('~Value() { number = 0; }'),
    flags: [...shared],
    mended: { source: destructor('') },
    text: /thread-local value with a destructor/,
  },
  {
    id: 'static-tls',
    source: 'static _Thread_local int count[8];\nint handle_request(int *n) { return count[*n]++; }',
    flags: [...shared, ...target, '-ftls-model=initial-exec'],
    mended: { flags: [...shared, ...target] },
    text: /DF_STATIC_TLS/,
  },
  ...(
    [
      { flags: [...shared, ...target, '-fvisibility=hidden'] },
      { flags: [...shared, ...target, '-Wl,-Bsymbolic'] },
    ] as const
  ).map(
    (mended): Case => ({
      id: 'clashing-symbol',
      source: answering(
        'deflate();',
        'extern int count;\nint count;\n__attribute__((noinline)) void deflate(void) { count++; }',
      ),
      flags: [...shared, ...target],
      mended,
      text: /^exports deflate, and gets the server's instead of its own$/,
    }),
  ),
  {
    id: 'borrowed-symbol',
    compiler: 'gcc',
    source: answering('result = tgamma(result);', '#include <math.h>\nstatic volatile double result;'),
    flags: [...shared],
    mended: { flags: [...shared, '-lm'] },
    text: /^uses tgamma, which only Node's own libraries define here$/,
  },
  {
    id: 'extra-exports',
    source: answering('helper();', 'void helper(void) {}'),
    flags: [...shared, ...target],
    mended: { flags: [...shared, ...target, '-fvisibility=hidden'] },
    text: /^exports 1 other symbol: helper$/,
  },
  {
    id: 'no-source-lines',
    source: answering(),
    flags: [...shared, ...target, '-s'],
    mended: { flags: [...shared, ...target, '-g'] },
    text: /exported functions only, no lines: it has no debug information$/,
  },
  {
    id: 'no-source-lines',
    compiler: 'gcc',
    source: answering(),
    flags: [...shared, '-g', '-gsplit-dwarf'],
    mended: { flags: [...shared, '-g'] },
    text: /have functions, no lines: debug information in \.dwo files isn't read$/,
  },
  {
    id: 'origin-runpath',
    source: answering(),
    flags: [...shared, ...target, '-Wl,-rpath,$ORIGIN'],
    mended: { flags: [...shared, ...target] },
    text: /^looks for libraries in \$ORIGIN/,
  },
  ...['gcc', zigCc].map(
    (compiler): Case => ({
      id: 'constructors',
      compiler,
      source: answering(
        '',
        'static volatile int begun;\n__attribute__((constructor)) static void begin(void) { begun = 1; }',
      ),
      flags: shared,
      mended: {
        source: answering(
          '',
          'FLEXILIB_EXPORT void flexilib_load(const flexilib_host *host) { (void)host; }',
        ),
      },
      text: /^has 1 constructor, run twice a build/,
    }),
  ),
  {
    id: 'zig-allocator',
    source: answering('', 'FLEXILIB_EXPORT void zigInit(void *allocator) { (void)allocator; }'),
    flags: [...shared, ...target],
    mended: { source: answering() },
    text: /^uses zigInit/,
  },
  ...(
    [
      ['ends-its-call', 'stdlib', 'exit(1)', 'exit'],
      ['ends-the-process', 'unistd', '_exit(1)', '_exit'],
      ['forks', 'unistd', 'fork()', 'fork'],
      ['changes-the-process', 'unistd', 'if (chdir("/")) return 0', 'chdir'],
    ] as const
  ).map(
    ([id, header, call, name]): Case => ({
      id,
      source: answering(`${call};`, `#include <${header}.h>`),
      flags: [...shared, ...target],
      mended: { source: answering() },
      text: new RegExp(`^can call ${name}: `),
    }),
  ),
];

const possible = ({ compiler = zigCc, id }: Case) =>
  (compiler.startsWith('zig') || has(compiler)) && (id !== 'text-relocations' || cpu === 'x86_64');
const told = new Set<string>(cases.map(({ id }) => id));

describe('findings', () => {
  it.each(cases.filter(possible))('$id: $text', async (one) => {
    const { id, compiler = zigCc, source, flags, mended, text, machine } = one;
    const flawed = await look(build(compiler, source, flags), machine);
    const found = flawed.findings.find((finding) => finding.id === id);
    expect(found, JSON.stringify(flawed.findings)).toBeDefined();
    expect(found!.text).toMatch(text);
    expect(found!.level).toBe(one.level ?? kinds[id].level);
    if (/^other-/.test(id)) expect(flawed.library!.forThisMachine).toBe(false);
    const after = await look(build(compiler, mended.source ?? source, mended.flags ?? flags), machine);
    expect(idsOf(after)).not.toContain(id);
  });

  told.add('missing-library');
  it('missing-library: a neighbour is found by $ORIGIN only', async () => {
    const neighbour = join(folder, 'libneighbour.so');
    const named = [...shared, ...target, '-Wl,-soname,libneighbour.so'];
    build(zigCc, 'int neighbour(void) { return 1; }', named, neighbour);
    const source = answering('neighbour();', 'int neighbour(void);');
    const flags = [...shared, ...target, `-L${folder}`, '-lneighbour'];
    const flawed = await look(build(zigCc, source, flags));
    expect(flawed.findings[0]).toMatchObject({
      id: 'missing-library',
      text: 'needs libneighbour.so, which is not found here',
    });
    expect(flawed.verdict).toBe('error');
    const after = await look(build(zigCc, source, [...flags, '-Wl,-rpath,$ORIGIN']));
    expect(idsOf(after)).not.toContain('missing-library');
    expect(after.library!.needed).toContainEqual({ name: 'libneighbour.so', path: neighbour });
  });

  told.add('missing-version');
  it('missing-version: the needed library is older than the one that it was linked with', async () => {
    const needed = join(folder, 'libversioned.so');
    const make = (map: string) => {
      writeFileSync(`${needed}.map`, map);
      const flags = [...shared, ...target, `-Wl,--version-script=${needed}.map`];
      build(zigCc, 'int versioned(void) { return 1; }', flags, needed);
    };
    make('V1 {};\nV2 { global: versioned; };\n');
    const source = answering('versioned();', 'int versioned(void);');
    const flags = [...shared, ...target, `-L${folder}`, '-lversioned', '-Wl,-rpath,$ORIGIN'];
    const path = build(zigCc, source, flags);
    expect(idsOf(await look(path))).not.toContain('missing-version');
    make('V1 { global: versioned; };\n');
    const report = await look(path);
    expect(report.findings[0]).toMatchObject({ id: 'missing-version' });
    expect(report.findings[0].text).toContain(`needs version V2 of ${needed}`);
    build(zigCc, source, flags, path); // against the version that is here
    expect(idsOf(await look(path))).not.toContain('missing-version');
  });

  told.add('unreadable');
  it.each([
    ['there is no such file', () => join(folder, 'nowhere.so')],
    ['is a folder', () => folder],
    [
      'is no regular file',
      () => {
        const path = temporary('pipe');
        execFileSync('mkfifo', [path]);
        return path;
      },
    ],
  ])('unreadable: %s', async (text, path) => {
    const report = await look(path());
    expect(report).toMatchObject({ verdict: 'error', size: null, library: null });
    expect(report.findings).toMatchObject([{ id: 'unreadable', text }]);
  });

  told.add('not-elf');
  it.each([
    ['is empty', ''],
    ['is a text', 'int handle_request(void);\n'],
    ['is a script for /bin/sh', '#!/bin/sh\n'],
    ['is a PE file (DLL or EXE) for Windows', 'MZ\x90\0'],
    ['is a static archive (.a, .rlib)', '!<arch>\n'],
    ["is a linker script, a library's stand-in for the linker", '/* GNU ld script */\nGROUP ( libc.so.6 )'],
    ['is a WebAssembly module', '\0asm\x01\0\0\0'],
    ['is a Java class file', '\xca\xfe\xba\xbe\0\0\0\x3d'],
    ['is a universal Mach-O library for macOS', '\xca\xfe\xba\xbe\0\0\0\x02'],
    ['is of no format known here', '\x01\x02\x03'],
  ])('not-elf: %s', async (text, bytes) => {
    const path = temporary('file');
    writeFileSync(path, bytes, 'latin1');
    expect((await look(path)).findings).toMatchObject([{ id: 'not-elf', text }]);
  });

  it('not-elf: is a Mach-O library for macOS', async () => {
    const path = build(zigCc, answering(), ['-c', '-target', 'aarch64-macos']);
    expect((await look(path)).findings).toMatchObject([
      { id: 'not-elf', text: 'is a Mach-O library for macOS' },
    ]);
  });

  told.add('damaged');
  it('damaged: cut short', async () => {
    const path = build(zigCc, answering(), [...shared, ...target]);
    writeFileSync(path, readFileSync(path).subarray(0, 2000));
    expect((await look(path)).findings).toMatchObject([
      { id: 'damaged', text: expect.stringMatching(/^is cut short/) },
    ]);
  });

  told.add('unknown-needs');
  it('unknown-needs: a system without glibc', async () => {
    const path = build(zigCc, answering('puts("x");', '#include <stdio.h>'), [...shared, ...target]);
    const report = await look(path, { ...here, linker: null });
    expect(report.findings.find(({ id }) => id === 'unknown-needs')?.text).toMatch("C library isn't glibc");
    expect(report.library).toMatchObject({ linkerAsked: false, needed: [{ name: 'libc.so.6', path: null }] });
  });

  it('have a test each', () => {
    expect([...told].sort()).toEqual(Object.keys(kinds).sort());
  });

  it('are all in docs/inspect.md: else `npm run generate -w @flexilib/sdk`', () => {
    const page = readFileSync(join(repository, 'docs/inspect.md'), 'utf8');
    expect(page).toBe(renewFindings(page));
  });
});

describe('what is well made', () => {
  const clean = ['glibc-floor', 'no-source-lines', 'thread-local-destructor'];

  it('the template in C has no finding but the lines that it lacks', async () => {
    const source = readFileSync(join(repository, 'templates/c/src/main.c'), 'utf8');
    const report = await look(build(zigCc, source, [...shared, ...target, '-fvisibility=hidden', '-g']));
    expect([report.verdict, report.findings]).toEqual(['ok', []]);
    expect(report.library!.abi.version).toBe(1);
  });

  it('the template in Zig has none', async () => {
    const zig = join(repository, 'packages/abi-headers/zig/flexilib.zig');
    const path = temporary('lib.so');
    const modules = [
      '--dep',
      'flexilib',
      `-Mroot=${join(repository, 'templates/zig/src/root.zig')}`,
      `-Mflexilib=${zig}`,
    ];
    execFileSync('zig', [
      'build-lib',
      '-dynamic',
      '-lc',
      '-fno-ubsan-rt',
      ...target,
      ...modules,
      `-femit-bin=${path}`,
    ]);
    const report = await look(path);
    expect(idsOf(report).filter((id) => !clean.includes(id))).toEqual([]);
    expect(report.library!.abi.version).toBe(1);
    expect(report.library!.sourceLine).toMatch(/\.zig:\d+$/);
  }, 120_000);

  it.skipIf(!has('cargo'))(
    'the template in Rust has none but what Rust brings',
    async () => {
      const into = temporary('rust');
      mkdirSync(into);
      execFileSync('cargo', ['build', '--quiet', '--release', '--target-dir', into], {
        cwd: join(repository, 'templates/rust'),
      });
      const report = await look(join(into, 'release/libhello.so'));
      expect(report.verdict).toBe('ok');
      expect(idsOf(report).filter((id) => !clean.includes(id))).toEqual([]);
      expect(report.findings.find(({ id }) => id === 'thread-local-destructor')?.level).toBe('note');
      expect(report.library!.abi.version).toBe(1);
    },
    120_000,
  );

  it('the names of the ABI are those of its definition', () => {
    expect(Object.keys(abiExports).sort()).toEqual(abi.map(({ symbol }) => symbol.name).sort());
  });
});

describe('no code of the library runs', () => {
  it.skipIf(!hasGcc)('neither its constructor, nor its resolver of symbols, nor as an auditor', async () => {
    const witness = join(folder, 'witness');
    const note = `static void note(void) { close(open("${witness}", O_CREAT | O_WRONLY, 0600)); }`;
    const source = answering(
      'chosen();',
      `#include <fcntl.h>
#include <unistd.h>
${note}
static void work(void) {}
static void *resolve(void) { note(); return work; }
void chosen(void) __attribute__((ifunc("resolve")));
__attribute__((constructor)) static void begin(void) { note(); }
FLEXILIB_EXPORT unsigned la_version(unsigned version) { note(); return version; }`,
    );
    const path = temporary('lib.so');
    build('gcc', source, [...shared, `-Wl,--audit=${path}`], path);
    const report = await look(path);
    expect(report.findings.find(({ id }) => id === 'unknown-needs')?.text).toMatch('names auditors');
    const plain = await look(build('gcc', source, shared));
    expect([plain.library!.linkerAsked, existsSync(witness)]).toEqual([true, false]);
  });
});
