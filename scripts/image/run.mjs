#!/usr/bin/env node
// `npm run image:run`: the image of dist-image/ as a container, with docker or podman, else with runc, which needs no engine.
// Its root can't be written to, and what it may write is gone with it.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { $ } from 'zx';
import { tell } from '../run.mjs';
import { findEngine, thisPlatform } from './builder.mjs';
import { loadInto } from './load.mjs';
import { readLayout, unpack } from './read.mjs';
import { runcConfig } from './runc.mjs';

const help = `npm run image:run -- [OPTIONS]
  --config FILE     instead of the image's own /etc/flexilib/proxy.ini
  --executors DIR   what is at /executors
  --port N          8069
  --image DIR       the layout; dist-image
  --name NAME       of the container`;

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = tell(error);
}

async function main() {
  const { values } = parseArgs({
    options: {
      config: { type: 'string' },
      executors: { type: 'string' },
      port: { type: 'string', default: '8069' },
      image: { type: 'string', default: join(import.meta.dirname, '../../dist-image') },
      name: { type: 'string', default: `flexilib-${process.pid}` },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  if (!existsSync(join(values.image, 'index.json')))
    throw new Error(`${values.image} has no image; \`npm run image\` makes one`);
  const mounts = [
    ...(values.config ? [[resolve(values.config), '/etc/flexilib/proxy.ini']] : []),
    ...(values.executors ? [[resolve(values.executors), '/executors']] : []),
  ];
  for (const [from] of mounts) if (!existsSync(from)) throw new Error(`${from} is missing`);
  const image = readLayout(values.image).images[thisPlatform];
  if (!image)
    throw new Error(`${values.image} has no image for ${thisPlatform}; \`npm run image\` makes one`);

  const engine = await findEngine();
  return engine ? withEngine(engine, image, mounts, values) : withRunc(image, mounts, values);
}

async function withEngine(engine, image, mounts, { port, name }) {
  const tag = 'flexilib:run';
  await loadInto(engine, image, tag);
  const writable = ['/run/flexilib', '/var/cache/flexilib'].flatMap((path) => [
    '--tmpfs',
    `${path}:exec,mode=0700,uid=65532,gid=65532`,
  ]);
  const volumes = mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]);
  const limits = ['--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges', ...writable];
  return foreground(engine, [
    'run',
    '--rm',
    '--name',
    name,
    ...limits,
    ...volumes,
    '-p',
    `${port}:8069`,
    tag,
  ]);
}

async function withRunc(image, mounts, { port, name }) {
  if ((await $({ nothrow: true, quiet: true })`runc --version`).exitCode !== 0)
    throw new Error('a container needs docker, podman or runc: `apt-get install runc`');
  if (process.getuid() !== 0)
    throw new Error('runc is used as root here; with docker or podman no root is needed');
  const bundle = mkdtempSync(join(tmpdir(), 'flexilib-run-'));
  try {
    await unpack(image.layers, join(bundle, 'rootfs'));
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(runcConfig(image.config.config, mounts, port)));
    // Keep what runc knows of it beside it: nothing is left over.
    return await foreground('runc', ['--root', join(bundle, 'state'), 'run', '--bundle', bundle, name]);
  } finally {
    rmSync(bundle, { recursive: true, force: true });
  }
}

/** Gives the exit status. Signals to this process go to it, and it ends the container. */
function foreground(command, args) {
  const child = spawn(command, args, { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
