#!/usr/bin/env node
// Builds the example in the current folder: `node ../build.mjs c|zig|rust LIBRARY [--dev]` makes src/main.c,
// src/main.zig or the crate into dist/libLIBRARY.so. --dev compiles as fast as it can instead of optimizing.
// A server may be watching: the file gets its name only when it is complete.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ options: { dev: { type: 'boolean' } }, allowPositionals: true });
const [language, library] = positionals;
const abi = resolve(import.meta.dirname, '../packages/abi-headers');
const output = `dist/lib${library}.so`;
const unfinished = `dist/.lib${library}.${process.pid}.so`;

/** Old systems' glibc and any CPU of the architecture. */
const cpu = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const portable = process.platform === 'linux' ? ['-target', `${cpu}-linux-gnu.2.28`] : [];
/** Zig's own backend needs a second where LLVM needs ten; it is there for x64 only. */
const fastBackend = process.arch === 'x64' ? ['-fno-llvm', '-fno-lld', '-mcpu=baseline'] : [];

function run(command, args) {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(`${command}: ${error.message}`);
  if (status === 0) return;
  rmSync(unfinished, { force: true });
  process.exit(1);
}

const builders = {
  c() {
    const flags = ['-shared', '-fPIC', '-fvisibility=hidden', '-Wall', '-Wextra', `-I${abi}/include`];
    const mode = values.dev ? ['-O1', '-g'] : ['-O2', '-g0', '-s'];
    run('zig', ['cc', ...portable, ...flags, ...mode, 'src/main.c', '-o', unfinished]);
  },
  zig() {
    const mode = values.dev ? fastBackend : ['-OReleaseSafe', '-fstrip', ...portable];
    const modules = ['--dep', 'flexilib', '-Mroot=src/main.zig', `-Mflexilib=${abi}/zig/flexilib.zig`];
    const names = ['--name', library, `-femit-bin=${unfinished}`];
    run('zig', ['build-lib', '-dynamic', '-lc', '-fno-ubsan-rt', ...mode, ...modules, ...names]);
  },
  rust() {
    if (spawnSync('cargo', ['--version']).status !== 0) {
      console.log(`${basename(process.cwd())}: skipped, cargo is not installed (https://rustup.rs)`);
      process.exit(0);
    }
    run('cargo', ['build', '--quiet', '--target-dir', 'target', ...(values.dev ? [] : ['--release'])]);
    copyFileSync(`target/${values.dev ? 'debug' : 'release'}/lib${library}.so`, unfinished);
  },
};

mkdirSync('dist', { recursive: true });
builders[language]();
renameSync(unfinished, output);
