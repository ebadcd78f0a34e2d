// Crashes in code that compilers have inlined, in a file of its own, three levels deep.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Runtime, reportOf, startRuntime } from '../src/index.ts';
import { loadCrashing } from './crashing.ts';

let runtime: Runtime;
beforeAll(() => {
  runtime = startRuntime({ threads: 1, arenaReserve: 8192, onLog() {}, onDamage() {} });
});
afterAll(() => runtime.stop());

const include = join(import.meta.dirname, '../../abi-headers/include');
const shared = ['-shared', '-fPIC', '-fno-sanitize=undefined', `-I${include}`];
const library = ['build-lib', '-dynamic', '-lc', '-femit-bin=lib.so'];
const rust = ['--crate-type', 'cdylib', '-g', '-o', 'lib.so'];

const c = {
  'lib.c': `#include "flexilib.h"
#include "load.c"
static inline __attribute__((always_inline)) int parse(size_t at) {
    return load((volatile int *)at) + 1;
}
flexilib_response *handle_request(flexilib_request *request) {
    static flexilib_response response;
    if (request->target[1] == 'a')
        response.len = (size_t)parse(8);
    response.len +=
        (size_t)parse(16);
    return &response;
}`,
  'load.c': `static inline __attribute__((always_inline)) int load(volatile int *at) {
    return *at;
}`,
};
const inC = (...flags: string[]) => ({
  command: [...flags, ...shared, 'lib.c', '-o', 'lib.so'],
  files: c,
  frames: {
    '/a': ['#0 load at load.c:2', 'inlined in parse at lib.c:4', 'inlined in handle_request at lib.c:9'],
    '/b': ['#0 load at load.c:2', 'inlined in parse at lib.c:4', 'inlined in handle_request at lib.c:11'],
  },
});
const inZig = (...flags: string[]) => ({
  command: ['zig', ...library, ...flags, 'lib.zig'],
  files: {
    'lib.zig': `const load = @import("load.zig");
inline fn parse(at: usize) i32 {
    return load.load(at);
}
export fn handle_request(_: ?*anyopaque) ?*anyopaque {
    return @ptrFromInt(@as(usize, @intCast(
        parse(8))));
}`,
    'load.zig': `pub inline fn load(at: usize) i32 {
    return @as(*volatile i32, @ptrFromInt(at)).*;
}`,
  },
  frames: {
    '/': ['#0 load at load.zig:2', 'inlined in parse at lib.zig:3', 'inlined in handle_request at lib.zig:7'],
  },
});
const inRust = (inline: string, ...flags: string[]) => ({
  command: ['rustc', ...rust, ...flags, 'lib.rs'],
  files: {
    'lib.rs': `mod load;
#[unsafe(no_mangle)]
pub extern "C" fn handle_request(_: *const u8) -> *const u8 {
    load::Load::parse(
        8 as *mut u8
    ).wrapping_add(load::apart(7)) as *const u8
}`,
    'load.rs': `pub struct Load;
impl Load {
    ${inline}
    pub fn parse(at: *mut u8) -> *mut u8 {
        unsafe { at.write_volatile(1) };
        at.wrapping_add(apart(1))
    }
}
#[inline(never)]
pub fn apart(n: usize) -> usize {
    n * 3
}`,
  },
  frames: {
    '/': [
      expect.stringMatching(/^#0 write_volatile<u8> at \/.*\/ptr\/mod\.rs:\d+$/),
      expect.stringMatching(/^inlined in write_volatile<u8> at \/.*\/ptr\/mut_ptr\.rs:\d+$/),
      'inlined in parse at load.rs:5',
      'inlined in handle_request at lib.rs:4',
    ],
  },
});
// Optimizers leave code without a line, here after code of Clang's file 1, which is neither of these.
const lineless = {
  ...inC('zig', 'cc', '-O2', '-gdwarf-4'),
  files: {
    'lib.c': `#include "flexilib.h"
#include "load.c"
flexilib_response *handle_request(flexilib_request *request) {
    trap();
    return (flexilib_response *)request;
}`,
    'load.c': `static inline __attribute__((always_inline)) void trap(void) {
#ifdef __x86_64__
    __asm__ volatile(".loc 1 3\\nnop\\n.loc 1 0\\nud2");
#else
    __asm__ volatile(".loc 1 3\\nnop\\n.loc 1 0\\nudf #0");
#endif
}`,
  },
  frames: { '/': ['#0 trap', 'inlined in handle_request at lib.c:4'] },
};

const cases: Record<string, { command: string[]; files: object; frames: Record<string, string[]> }> = {
  'zig cc, DWARF 4': inC('zig', 'cc', '-O2', '-gdwarf-4'),
  'zig cc, DWARF 5': inC('zig', 'cc', '-O2', '-gdwarf-5'),
  'zig cc, without a line': lineless,
  'gcc, DWARF 4': inC('gcc', '-O2', '-gdwarf-4'),
  'gcc, DWARF 5': inC('gcc', '-O2', '-gdwarf-5'),
  'clang, DWARF 5': inC('clang', '-O2', '-gdwarf-5'),
  'zig, Debug': inZig(),
  'zig, ReleaseSafe': inZig('-OReleaseSafe'),
  rustc: inRust('#[inline(always)]'),
  'rustc, optimized': inRust('#[inline(always)]', '-O'),
  // LLVM inlines it, and refers to the unit that it is of.
  'rustc, from unit to unit': inRust('', '-O', '-Ccodegen-units=16'),
};

describe.each(Object.entries(cases))('%s', (_name, { command: [compiler, ...args], files, frames }) => {
  it.skipIf(spawnSync(compiler).error)('tells each level with its line', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'flexilib-test-'));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    execFileSync(compiler, args, { cwd: folder, stdio: 'inherit' });
    const path = join(folder, 'lib.so');
    const crash = await loadCrashing(runtime, path);
    for (const [target, expected] of Object.entries(frames)) {
      const report = await reportOf(await crash(target), path);
      // zig cc gives what it made of the same source in the folder of a run before.
      const lines = report.replace(/\/\S*\/flexilib-test-\w+\/|\+0x[0-9a-f]+/g, '').split('\n');
      const told = lines.slice(1, 1 + expected.length).map((line) => line.trim());
      expect(told).toEqual(expected);
      expect(lines[0]).toMatch(
        /^SIG\w+ (at address 0x\S+ )?in (load|trap|write_volatile<u8>), inlined in handle_request$/,
      );
    }
  });
});
