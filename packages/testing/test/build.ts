// Libraries for the tests, by real compilers.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { buildLibrary } from '../../native/test/build.ts';

const abi = resolve(import.meta.dirname, '../../abi-headers');
export const source: string = readFileSync(join(import.meta.dirname, 'fixtures/executor.c'), 'utf8');

/** fixtures/executor.c, with debug information. */
export const buildExecutor = (): string => buildLibrary(source, ['-g', '-D_GNU_SOURCE']);

/** The line of its text in fixtures/executor.c; of the file that was compiled one more. */
export const lineOf = (text: string): number => source.slice(0, source.indexOf(text)).split('\n').length + 1;

/** An executor in Zig: what its handler does, and needs. */
export function buildZig(body: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-test-'));
  const path = join(folder, 'lib.so');
  const text = `const std = @import("std");
const flexilib = @import("flexilib");
pub const panic = flexilib.panic;
comptime {
    flexilib.executor(handle);
}
fn handle(req: *const flexilib.Request, res: *flexilib.Response) !void {
    ${body}
    try res.print("{s}\\n", .{req.path()});
}
`;
  writeFileSync(join(folder, 'lib.zig'), text);
  const fast = process.arch === 'x64' ? ['-fno-llvm', '-fno-lld', '-mcpu=baseline'] : [];
  const modules = ['--dep', 'flexilib', `-Mroot=${folder}/lib.zig`, `-Mflexilib=${abi}/zig/flexilib.zig`];
  const args = ['build-lib', '-dynamic', '-lc', '-fno-ubsan-rt', ...fast, ...modules, `-femit-bin=${path}`];
  execFileSync('zig', args, { stdio: 'inherit' });
  return path;
}

export const hasCargo: boolean = spawnSync('cargo', ['--version']).status === 0;

/** An executor in Rust: what its handler does. */
export function buildRust(body: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-test-'));
  const manifest = `[package]
name = "lib"
version = "0.1.0"
edition = "2024"
[lib]
crate-type = ["cdylib"]
[dependencies]
flexilib = { path = "${abi}/rust" }
[workspace]
`;
  const text = `use flexilib::{Request, Response};
flexilib::handler!(handle);
fn handle(request: &Request) -> Response {
    ${body}
    Response::new(request.path().into_owned())
}
`;
  mkdirSync(join(folder, 'src'));
  writeFileSync(join(folder, 'Cargo.toml'), manifest);
  writeFileSync(join(folder, 'src/lib.rs'), text);
  execFileSync('cargo', ['build', '--quiet', '--offline'], { cwd: folder, stdio: 'inherit' });
  return join(folder, 'target/debug/liblib.so');
}
