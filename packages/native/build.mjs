// Builds the runtime for this machine: dist/libflexilib_runtime.so.
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
// nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
const compiled = await $({
  cwd: `${here}/runtime`,
  stdio: 'inherit',
  nothrow: true,
})`zig cc -target ${target} -std=gnu11 -D_GNU_SOURCE -O2 -g0 -s ${warnings} -shared -fPIC -fvisibility=hidden -I../../abi-headers/include ${sources} -ldl -lpthread -Wl,-z,nodelete -o ../dist/libflexilib_runtime.so`;
process.exitCode = compiled.exitCode;
