// Builds the runtime for this machine: dist/libflexilib_runtime.so, and dist/flexilib-probe, which opens libraries first.
import { mkdirSync, readdirSync } from 'node:fs';
import { arch } from 'node:process';
import { $ } from 'zx';

const here = import.meta.dirname;
const target = { x64: 'x86_64-linux-gnu.2.28', arm64: 'aarch64-linux-gnu.2.28' }[arch];
if (process.platform !== 'linux' || !target) {
  console.error(`native: no runtime for ${process.platform}-${arch} yet; Linux on x64 or arm64 is needed`);
  process.exit(1);
}
const sources = readdirSync(`${here}/runtime`).filter((name) => name.endsWith('.c'));
const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
mkdirSync(`${here}/dist`, { recursive: true });
const zig = (output, ...flags) =>
  $({
    cwd: `${here}/runtime`,
    stdio: 'inherit',
    nothrow: true,
  })`zig cc -target ${target} -std=gnu11 -D_GNU_SOURCE -O2 -g0 -s ${warnings} -I. -I../../abi-headers/include ${sources} ${flags} -ldl -lpthread -o ../dist/${output}`;
const compiled = await Promise.all([
  // nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
  zig('libflexilib_runtime.so', '-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-z,nodelete'),
  // The runtime's own files, and of them what the probe uses.
  zig(
    'flexilib-probe',
    '../probe/main.c',
    '-fPIE',
    '-pie',
    '-ffunction-sections',
    '-fdata-sections',
    '-Wl,--gc-sections',
  ),
]);
process.exitCode = compiled.find(({ exitCode }) => exitCode !== 0)?.exitCode ?? 0;
