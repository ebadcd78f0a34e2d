// Builds the native parts: libflexilib_runtime.so, and the programs flexilib-*.
//   node build.mjs                  for this machine, into dist/
//   node build.mjs --target NAME    for another one, into dist/NAME/; --all: for all of targets.mjs
import { mkdirSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { targets, here as thisMachine } from './targets.mjs';

const here = import.meta.dirname;
const { values } = parseArgs({
  options: { target: { type: 'string', multiple: true }, all: { type: 'boolean' } },
});
const wanted = values.all ? Object.keys(targets) : (values.target ?? [thisMachine]);
for (const name of wanted) {
  if (name in targets) continue;
  console.error(`native: there is no target ${name}, only ${Object.keys(targets).join(', ')}`);
  process.exit(1);
}

const warnings = ['-Wall', '-Wextra', '-Wpedantic', '-Werror'];
const c = ['-std=gnu11', '-D_GNU_SOURCE', '-g0', '-s', ...warnings];
const sourcesOf = (folder) => readdirSync(`${here}/${folder}`).filter((name) => name.endsWith('.c'));
const runtime = ['-O2', '-I.', '-I../../abi-headers/include', ...sourcesOf('runtime'), '-ldl', '-lpthread'];

async function run(folder, command, args) {
  const options = { cwd: `${here}/${folder}`, stdio: 'inherit', nothrow: true };
  const { exitCode } = await $(options)`zig ${command} ${args}`;
  if (exitCode !== 0) process.exit(exitCode);
}

async function build({ machine, libc }, into) {
  mkdirSync(into, { recursive: true });
  const musl = ['-target', `${machine}-linux-musl`];
  // Zig links programs to musl statically unless told.
  const libcs = { gnu: ['-target', `${machine}-linux-gnu.2.28`], musl: [...musl, '-dynamic'] };
  await Promise.all([
    // nodelete: Node unloads addons' libraries at exit, under threads that still run their code.
    run('runtime', 'cc', [
      ...[...libcs[libc], ...c, ...runtime, '-shared', '-fPIC', '-fvisibility=hidden', '-Wl,-z,nodelete'],
      ...['-o', `${into}/libflexilib_runtime.so`],
    ]),
    // The runtime's own files, and of them what the probe uses.
    run('runtime', 'cc', [
      ...[...libcs[libc], ...c, ...runtime, '../probe/main.c', '-fPIE', '-pie'],
      ...['-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections', '-o', `${into}/flexilib-probe`],
    ]),
    // Static: it is what must go on whatever happens, and the least memory.
    run('supervisor', 'cc', [
      ...[...musl, ...c, '-Os', '-static', ...sourcesOf('supervisor'), '../runtime/notify.c'],
      ...['-o', `${into}/flexilib-supervisor`],
    ]),
    // Static: where it is asked there may be nothing else.
    run('health', 'cc', [
      ...[...musl, ...c, '-Os', '-static', ...sourcesOf('health'), '../runtime/address.c'],
      ...['-o', `${into}/flexilib-health`],
    ]),
    // Static: it runs on any Linux. ReleaseSafe: what a damaged file makes it do is checked.
    run('symbolize', 'build-exe', [
      ...['main.zig', ...musl, '-mcpu=baseline', '-OReleaseSafe', '-fstrip', '-fsingle-threaded'],
      `-femit-bin=${into}/flexilib-symbolize`,
    ]),
  ]);
}

const aside = values.all || values.target;
for (const name of wanted) {
  if (aside) console.log(`compiling for ${name} ...`); // a minute each, the first time
  await build(targets[name], aside ? `${here}/dist/${name}` : `${here}/dist`);
}
