// The Debian packages of the image: which, in which version, and where they come from. docker/debian.lock pins them.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { $ } from 'zx';
import { fetchOnce, firstOf } from './fetch.mjs';

const root = join(import.meta.dirname, '../..');
const lockFile = join(root, 'docker/debian.lock');
const suite = 'trixie';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

// base-files: the folders, the licences. gcc-14-base: the copyright of both that follow it.
const names = [
  'base-files',
  'netbase',
  'tzdata',
  'ca-certificates',
  'libc6',
  'gcc-14-base',
  'libgcc-s1',
  'libstdc++6',
];
const architectures = ['amd64', 'arm64'];

const archives = {
  debian: { suites: `${suite} ${suite}-updates` },
  'debian-security': { suites: `${suite}-security` },
};

/**
 * What docker/debian.lock says: when it was made, and of each package name, version, architecture (`all` for both),
 * source, archive, path in it, and sha256.
 */
export function readLock() {
  const lines = readFileSync(lockFile, 'utf8').split('\n');
  const taken = /^# taken (\S+)$/m.exec(lines.join('\n'))?.[1];
  const packages = lines
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const [name, version, architecture, source, archive, path, sha256] = line.split(' ');
      return { name, version, architecture, source, archive, path, sha256 };
    });
  return { taken, packages };
}

/** Makes docker/debian.lock of what Debian has now. Throws an Error where there is no apt. */
export async function updateLock() {
  const packages = await newest();
  const lines = packages.map(({ name, version, architecture, source, archive, path, sha256 }) =>
    [name, version, architecture, source, archive, path, sha256].join(' '),
  );
  const taken = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const head = `# What the image has of Debian ${suite}; \`npm run image:lock\` makes it anew, and its commit says why.
# taken ${taken}
# name version architecture source archive path sha256\n`;
  writeFileSync(lockFile, `${head}${lines.join('\n')}\n`);
  return packages;
}

/**
 * Gives the packages of one architecture, each with the path of its .deb in `file`. Those that aren't in the archive any more
 * come from Debian's snapshots. Where neither has them: with `locked` an Error; else those that Debian has now, and a warning.
 */
export async function debianPackages(architecture, locked) {
  const lock = readLock();
  try {
    return await fetchAll(lock, architecture);
  } catch (error) {
    if (locked || !error.gone) throw error;
    console.error(`warning: ${error.message}\nwarning: building with what Debian has now instead`);
    return fetchAll({ ...lock, packages: await newest() }, architecture);
  }
}

async function fetchAll({ taken, packages }, architecture) {
  const wanted = packages.filter((one) => ['all', architecture].includes(one.architecture));
  return Promise.all(
    wanted.map(async (one) => {
      const { name, version, archive, path, sha256 } = one;
      const reasons = [];
      const urls = [
        `https://deb.debian.org/${archive}/${path}`,
        `https://snapshot.debian.org/archive/${archive}/${taken}/${path}`,
      ];
      const file = await fetchOnce(path.split('/').at(-1), sha256, () => firstOf(urls, reasons));
      if (file) return { ...one, file };
      const message =
        `${name} ${version} of docker/debian.lock isn't to be had (${reasons.join('; ')}). Debian keeps the newest version ` +
        'alone: `npm run image:lock` moves the lock file on';
      throw Object.assign(new Error(message), { gone: true });
    }),
  );
}

/** What Debian has now. apt checks the signatures, in folders of its own: the machine's lists and sources don't matter. */
async function newest() {
  if (!existsSync(keyring)) {
    throw new Error(`${keyring} is missing: on Debian or Ubuntu, \`apt-get install debian-archive-keyring\``);
  }
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-apt-'));
  try {
    for (const name of ['lists/partial', 'cache/archives/partial'])
      mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'status'), '');
    const sources = Object.entries(archives).map(
      ([archive, { suites }]) =>
        `Types: deb\nURIs: http://deb.debian.org/${archive}\nSuites: ${suites}\nComponents: main\nSigned-By: ${keyring}\n`,
    );
    writeFileSync(join(folder, 'debian.sources'), sources.join('\n'));
    const settings = {
      'Dir::State::lists': join(folder, 'lists'),
      'Dir::State::status': join(folder, 'status'),
      'Dir::Cache': join(folder, 'cache'),
      'Dir::Etc::sourcelist': join(folder, 'debian.sources'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'APT::Architecture': architectures[0],
      'APT::Architectures': architectures.join(),
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    };
    const options = Object.entries(settings).map(([key, value]) => `-o${key}=${value}`);
    await $`apt-get ${options} --error-on=any update`;
    const [first, ...others] = architectures;
    const found = await show(options, names, first);
    const native = found.filter(({ architecture }) => architecture !== 'all').map(({ name }) => name);
    for (const architecture of others) found.push(...(await show(options, native, architecture)));
    return found;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function show(options, names, architecture) {
  const wanted = names.map((name) => `${name}:${architecture}`);
  const { stdout } = await $`apt-cache ${options} --no-all-versions show ${wanted}`;
  const found = stdout
    .trim()
    .split('\n\n')
    .map((text) => {
      const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
      const path = field('Filename');
      return {
        name: field('Package'),
        version: field('Version'),
        architecture: field('Architecture'),
        source: (field('Source') ?? field('Package')).split(' ')[0],
        archive: path.startsWith('pool/updates/') ? 'debian-security' : 'debian',
        path,
        sha256: field('SHA256'),
      };
    });
  if (found.length !== names.length)
    throw new Error(`apt found ${found.length} of ${names.length} packages for ${architecture}`);
  return found;
}
