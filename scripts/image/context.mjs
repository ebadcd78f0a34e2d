// Stages what docker/Dockerfile copies: for each architecture the Debian packages, Node, and the bundle of the server.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { $ } from 'zx';
import { debianPackages } from './debian.mjs';
import { fetchOnce } from './fetch.mjs';
import { strip } from './strip.mjs';

const root = join(import.meta.dirname, '../..');
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

/** What is built, by its name in docker's words. */
export const platforms = {
  'linux/amd64': { architecture: 'amd64', cpu: 'x64', target: 'linux-x64-gnu' },
  'linux/arm64': { architecture: 'arm64', cpu: 'arm64', target: 'linux-arm64-gnu' },
};

/**
 * Fills a folder. Gives what is in the image, for each platform: `debian`, packages as in debian.lock; `node`, its version and
 * integrity; `bundle`, the folder that scripts/bundle.mjs made. locked: as debianPackages takes it.
 */
export async function stageContext(names, folder, locked) {
  for (const name of ['Dockerfile', 'root.sh', 'etc']) {
    cpSync(join(root, 'docker', name), join(folder, name), { recursive: true });
  }
  const targets = names.flatMap((name) => ['--target', platforms[name].target]);
  await $({ cwd: root, quiet: true })`${process.execPath} scripts/bundle.mjs ${targets}`;
  const { version } = readJson('apps/server/package.json');
  const parts = {};
  for (const name of names) {
    const { architecture, cpu, target } = platforms[name];
    const place = join(folder, architecture);
    mkdirSync(join(place, 'debs'), { recursive: true });
    const debian = await debianPackages(architecture, locked);
    for (const { file, path } of debian) cpSync(file, join(place, 'debs', basename(path)));
    const node = await stageNode(cpu, join(place, 'node'));
    const bundle = join(root, `dist-bundle/flexilib-${version}-${target}`);
    cpSync(bundle, join(place, 'flexilib'), { recursive: true });
    parts[name] = { debian, node, bundle };
  }
  return parts;
}

/** Node for one platform as package-lock.json names it, from npm's cache or registry, without what debuggers read. */
async function stageNode(cpu, place) {
  const name = `node-linux-${cpu}`;
  const { version, integrity } = readJson('package-lock.json').packages[`node_modules/${name}`];
  const tarball = await fetchOnce(`${name}-${version}.tgz`, integrity, () => pack(`${name}@${version}`));
  const unpacked = mkdtempSync(join(tmpdir(), 'flexilib-node-'));
  try {
    await $`tar -xzf ${tarball} -C ${unpacked} package/bin/node package/LICENSE`;
    mkdirSync(join(place, 'bin'), { recursive: true });
    mkdirSync(join(place, 'share/doc/node'), { recursive: true });
    const program = strip(readFileSync(join(unpacked, 'package/bin/node')));
    writeFileSync(join(place, 'bin/node'), program, { mode: 0o755 });
    cpSync(join(unpacked, 'package/LICENSE'), join(place, 'share/doc/node/LICENSE'));
  } finally {
    rmSync(unpacked, { recursive: true });
  }
  return { name, version, integrity };
}

async function pack(what) {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-pack-'));
  try {
    const { stdout } = await $({ cwd: folder })`npm pack --json --ignore-scripts ${what}`;
    return readFileSync(join(folder, JSON.parse(stdout)[0].filename));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
