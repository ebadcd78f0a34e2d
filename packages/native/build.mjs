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
mkdirSync(`${here}/dist`, { recursive: true });

async function run(folder, command, args) {
  const options = { cwd: `${here}/${folder}`, stdio: 'inherit', nothrow: true };
  const { exitCode } = await $(options)`zig ${command} ${args}`;
  if (exitCode !== 0) process.exit(exitCode);
}

const sourcesOf = (folder) => readdirSync(`${here}/${folder}`).filter((name) => name.endsWith('.c'));
const gnu = ['-target', `${machine}-linux-gnu.2.28`];
const musl = ['-target', `${machine}-linux-musl`];
const c = ['-std=gnu11', '-D_GNU_SOURCE', '-g0', '-s', ...warnings];
const runtime = ['-O2', '-I.', '-I../../abi-headers/include', ...sourcesOf('runtime'), '-ldl', '-lpthread'];
const into = (name) => ['-o', `../dist/${name}`];

await Promise.all([
  // nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
  run('runtime', 'cc', [
    ...[...gnu, ...c, ...runtime, '-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-z,nodelete'],
    ...into('libflexilib_runtime.so'),
  ]),
  // The runtime's own files, and of them what the probe uses.
  run('runtime', 'cc', [
    ...[...gnu, ...c, ...runtime, '../probe/main.c', '-fPIE', '-pie'],
    ...['-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections', ...into('flexilib-probe')],
  ]),
  // Static: it is what must go on whatever happens, and the least memory.
  run('supervisor', 'cc', [
    ...[...musl, ...c, '-Os', '-static', ...sourcesOf('supervisor'), '../runtime/notify.c'],
    ...into('flexilib-supervisor'),
  ]),
  // Static: it runs on any Linux. ReleaseSafe: what a damaged file makes it do is checked.
  run('symbolize', 'build-exe', [
    ...['main.zig', ...musl, '-mcpu=baseline', '-OReleaseSafe', '-fstrip', '-fsingle-threaded'],
    '-femit-bin=../dist/flexilib-symbolize',
  ]),
]);
