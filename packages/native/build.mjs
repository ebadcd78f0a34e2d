// Builds the runtime for this machine, dist/libflexilib_runtime.so, and the symbolizer, dist/flexilib-symbolize.
import { mkdirSync, readdirSync } from 'node:fs';
import { arch } from 'node:process';
import { $ } from 'zx';

const here = import.meta.dirname;
const cpu = { x64: 'x86_64', arm64: 'aarch64' }[arch];
if (process.platform !== 'linux' || !cpu) {
  console.error(`native: no runtime for ${process.platform}-${arch} yet; Linux on x64 or arm64 is needed`);
  process.exit(1);
}
const sources = readdirSync(`${here}/runtime`).filter((name) => name.endsWith('.c'));
const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
mkdirSync(`${here}/dist`, { recursive: true });
const inFolder = (name) => $({ cwd: `${here}/${name}`, stdio: 'inherit', nothrow: true });
// nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
const compiled = await inFolder(
  'runtime',
)`zig cc -target ${cpu}-linux-gnu.2.28 -std=gnu11 -D_GNU_SOURCE -O2 -g0 -s ${warnings} -shared -fPIC -fvisibility=hidden -I../../abi-headers/include ${sources} -ldl -lpthread -Wl,-z,nodelete -o ../dist/libflexilib_runtime.so`;
// Static: it runs on any Linux. ReleaseSafe: what a damaged file makes it do is checked.
const symbolizer = await inFolder(
  'symbolize',
)`zig build-exe main.zig -target ${cpu}-linux-musl -mcpu=baseline -OReleaseSafe -fstrip -fsingle-threaded -femit-bin=../dist/flexilib-symbolize`;
process.exitCode = compiled.exitCode || symbolizer.exitCode;
