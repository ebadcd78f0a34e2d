#!/usr/bin/env node
// Installs what package-lock.json names, unless that was done already. Runs under Node 20, before anything is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const [major] = process.versions.node.split('.').map(Number);

if (major < 20) fail(`Node 20 or newer is needed to install, this is ${process.versions.node}`);
if (process.platform !== 'linux') {
  console.error(`warning: only Linux is supported yet, this is ${process.platform}`);
}

const wanted = createHash('sha256')
  .update(readFileSync(at('package-lock.json')))
  .digest('hex');
const stamp = at('node_modules/.flexilib-lock');
const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
if (installed !== wanted) {
  console.error('installing the dependencies: compilers, tools and a Node of our own, about 800 MB ...');
  // One string for the shell: npm is npm.cmd on some systems. No input is in it.
  // Nothing here needs a script of a package to be installed, so none has a chance to run.
  const npm = spawnSync('npm ci --ignore-scripts', {
    cwd: at('.'),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: true,
  });
  if (npm.status !== 0) fail('`npm ci` failed; its message is above');
  writeFileSync(stamp, wanted);
}

function fail(text) {
  console.error(`error: ${text}`);
  process.exit(1);
}
