// `npm run bench -- --install`: what can be had without asking, each with the tool that it is usually had with.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { $ } from 'zx';
import { missing } from './needs.ts';
import { bench, node } from './paths.ts';
import type { Need, Peer } from './peer.ts';

const DEBIAN = 'apt-get install ';

async function installDebian(needs: Need[]): Promise<void> {
  const packages = [
    ...new Set(missing(needs).flatMap(({ get }) => (get.startsWith(DEBIAN) ? get.slice(DEBIAN.length) : []))),
  ];
  if (packages.length === 0) return;
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    console.error(`not root, or not Debian; run: ${command}`);
    return;
  }
  console.error(command);
  // A package that starts a service when it is installed is told not to: RUNLEVEL=1.
  const apt = $({ env: { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' }, quiet: true });
  await apt`apt-get update`;
  await apt`apt-get install --yes --no-install-recommends ${packages}`;
}

export async function install(peers: Peer[], common: Need[]): Promise<void> {
  await installDebian([...common, ...peers.flatMap((peer) => peer.needs)]);
  if (missing(peers.flatMap((peer) => peer.needs)).some(({ get }) => get.includes('--install'))) {
    console.error('npm ci, in bench');
    const path = `${join(node, '..')}:${process.env.PATH}`;
    await $({ cwd: bench, env: { ...process.env, PATH: path }, quiet: true })`npm ci --no-audit --no-fund`;
  }
}
