// What is in an image, of all its platforms: one list, from which both SBOMs are written.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What Node says of itself that is no package in it: interfaces, and versions of data. */
const noPackages = ['node', 'modules', 'napi', 'cldr', 'tz', 'unicode'];

/**
 * parts: of stageContext. Gives packages in the order of their purl: name, version, purl, where known license (SPDX), cpe, hash
 * (algorithm as in integrity, value in base 16), source (the Debian source package), `inside`, the purl of the one that it
 * is compiled into. Throws when this process isn't the Node of the image, which knows what is in it.
 */
export function packagesOf(parts, version) {
  const found = [
    { name: 'flexilib', version, purl: `pkg:npm/flexilib@${version}`, license: 'MIT' },
    ...Object.values(parts).flatMap(({ debian, node, bundle }) => [
      ...debian.map(debianPackage),
      ...nodePackages(node),
      ...JSON.parse(readFileSync(join(bundle, 'packages.json'), 'utf8')).map(
        ({ name, version, license, purl }) => ({ name, version, license, purl }),
      ),
    ]),
  ];
  const byPurl = new Map(found.map((one) => [one.purl, one]));
  return [...byPurl.values()].sort((a, b) => (a.purl < b.purl ? -1 : 1));
}

function debianPackage({ name, version, architecture, source, sha256 }) {
  const upstream = source === name ? '' : `&upstream=${encode(source)}`;
  const purl = `pkg:deb/debian/${encode(name)}@${encode(version)}?arch=${architecture}&distro=debian-13${upstream}`;
  return { name, version, purl, source, hash: { algorithm: 'sha256', value: sha256 } };
}

/** Node as npm has it, and what is compiled into it: an error in OpenSSL is one in Node. */
function nodePackages({ name, version, integrity }) {
  if (process.versions.node !== version)
    throw new Error(
      `the SBOM is written by the Node of package-lock.json, ${version}; start this with npm run`,
    );
  const [, algorithm, value] = /^(sha\d+)-(.*)$/.exec(integrity);
  const purl = `pkg:npm/${name}@${version}`;
  const inside = Object.entries(process.versions)
    .filter(([name, version]) => version && !noPackages.includes(name))
    .map(([name, version]) => ({
      name,
      version,
      purl: `pkg:generic/${name}@${encode(version)}`,
      inside: purl,
    }));
  return [
    {
      ...{ name, version, purl, license: 'MIT' },
      cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
      hash: { algorithm, value: Buffer.from(value, 'base64').toString('hex') },
    },
    ...inside,
  ];
}

/** As the purl specification wants it: a colon stays. */
const encode = (text) => encodeURIComponent(text).replaceAll('%3A', ':');
