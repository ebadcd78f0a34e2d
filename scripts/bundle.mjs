#!/usr/bin/env node
// Makes the server as a folder that needs nothing but Node, and the folder as .tar.gz, in dist-bundle/.
//   npm run bundle                     for this machine
//   npm run bundle -- --target NAME    for another platform of packages/native/targets.mjs; --all: for each of them
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { listOf, noticesOf } from '../apps/server/inside.mjs';
import { files as nativeFiles, targets, here as thisMachine } from '../packages/native/targets.mjs';
import { placeKoffi } from './bundle/koffi.mjs';
import { nativeParts } from './bundle/parts.mjs';
import { tarball } from './bundle/tarball.mjs';
import { run } from './run.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const server = join(root, 'apps/server');
const { version } = JSON.parse(readFileSync(join(server, 'package.json'), 'utf8'));
const help = `npm run bundle -- [--target NAME]... [--all]
  the server for this machine, for NAME, or for all of them, in dist-bundle/: ${Object.keys(targets).join(', ')}`;

await run(async () => {
  const { values } = parseArgs({
    options: {
      target: { type: 'string', multiple: true },
      all: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  const wanted = values.all ? Object.keys(targets) : (values.target ?? [thisMachine]);
  for (const name of wanted) {
    if (!(name in targets))
      throw new Error(`there is no target ${name}, only ${Object.keys(targets).join(', ')}`);
  }
  const seconds = await commitTime();
  for (const name of wanted) {
    const folder = await lay(name, seconds);
    const path = tarball(folder, seconds);
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    console.log(`${path}: ${(bytes.length / 1024).toFixed(0)} KiB, sha256 ${sha256}`);
  }
});

/** Seconds: SOURCE_DATE_EPOCH (reproducible-builds.org), else when HEAD was committed. */
async function commitTime() {
  const { SOURCE_DATE_EPOCH: given } = process.env;
  if (given) return Number(given);
  const { exitCode, stdout } = await $({ cwd: root, quiet: true, nothrow: true })`git log -1 --format=%ct`;
  if (exitCode !== 0)
    throw new Error('git knows no commit here; set SOURCE_DATE_EPOCH, the time of the files');
  return Number(stdout);
}

/** Gives the folder. */
async function lay(target, seconds) {
  const folder = join(root, 'dist-bundle', `flexilib-${version}-${target}`);
  const dist = join(folder, 'dist');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dist, { recursive: true });
  cpSync(join(server, 'bin'), join(folder, 'bin'), { recursive: true });
  for (const name of globSync('*.{cjs,js,css,LEGAL.txt}', { cwd: join(server, 'dist') }))
    cpSync(join(server, 'dist', name), join(dist, name));
  for (const name of nativeFiles) cpSync(join(root, 'packages/native/dist', target, name), join(dist, name));
  const koffi = await placeKoffi(root, targets[target], join(dist, 'koffi.node'));

  const parts = nativeParts(root, koffi);
  const built = (name) => readFileSync(join(server, 'dist', name), 'utf8');
  const packages = [...JSON.parse(built('packages.json')), ...parts];
  writeFileSync(join(folder, 'packages.json'), listOf(packages));
  writeFileSync(join(folder, 'THIRD-PARTY.txt'), `${built('THIRD-PARTY.txt')}\n${noticesOf(parts)}`);
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'README.md'), readme(target));
  settle(folder, seconds);
  return folder;
}

/** As the archive has it, so that who copies the folder gets the same. */
function settle(folder, seconds) {
  for (const name of ['.', ...globSync('**', { cwd: folder })]) {
    const path = join(folder, name);
    const { mode } = statSync(path);
    chmodSync(path, mode & 0o111 ? 0o755 : 0o644);
    utimesSync(path, seconds, seconds);
  }
}

function readme(target) {
  return `# flexilib ${version} for ${target}

A web server whose routes are native libraries. It needs Node 20.16 or newer, and nothing else:

    node bin/flexilib.cjs --help
    node bin/flexilib.cjs --config proxy.ini

\`dist/flexilib-health\` says whether it answers. What others have written of it is in packages.json, their licences in THIRD-PARTY.txt.
`;
}
