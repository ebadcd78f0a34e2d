// Builds the native parts for this machine: dist/libflexilib_runtime.so, and the programs dist/flexilib-*.
import { mkdirSync, readdirSync } from 'node:fs';
import { arch } from 'node:process';
import { $ } from 'zx';

const here = import.meta.dirname;
const machine = { x64: 'x86_64', arm64: 'aarch64' }[arch];
if (process.platform !== 'linux' || !machine) {
  console.error(`native: no runtime for ${process.platform}-${arch} yet; Linux on x64 or arm64 is needed`);
  process.exit(1);
}
const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
const language = ['-std=gnu11', '-D_GNU_SOURCE', '-g0', '-s'];
mkdirSync(`${here}/dist`, { recursive: true });

async function compile(folder, flags, more = []) {
  const sources = [...readdirSync(`${here}/${folder}`).filter((name) => name.endsWith('.c')), ...more];
  const options = { cwd: `${here}/${folder}`, stdio: 'inherit', nothrow: true };
  const { exitCode } = await $(options)`zig cc ${language} ${warnings} ${flags} ${sources}`;
  if (exitCode !== 0) process.exit(exitCode);
}

// nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
const shared = [
  '-O2',
  '-shared',
  '-fPIC',
  '-fvisibility=hidden',
  '-I../../abi-headers/include',
  '-ldl',
  '-lpthread',
];
const runtime = [...shared, '-Wl,-z,nodelete', '-o', '../dist/libflexilib_runtime.so'];
await compile('runtime', ['-target', `${machine}-linux-gnu.2.28`, ...runtime]);
// Static: it is what must go on whatever happens, and the least memory.
await compile(
  'supervisor',
  ['-target', `${machine}-linux-musl`, '-Os', '-static', '-o', '../dist/flexilib-supervisor'],
  ['../runtime/notify.c'],
);
// Static: it runs on any Linux. ReleaseSafe: what a damaged file makes it do is checked.
const symbolizer = await $({
  cwd: `${here}/symbolize`,
  stdio: 'inherit',
  nothrow: true,
})`zig build-exe main.zig -target ${machine}-linux-musl -mcpu=baseline -OReleaseSafe -fstrip -fsingle-threaded -femit-bin=../dist/flexilib-symbolize`;
process.exitCode = symbolizer.exitCode;
