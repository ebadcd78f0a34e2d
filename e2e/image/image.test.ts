// `npm run image` and `npm run image:run`: what is in the image, that it is the same each time, and that it serves.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { text } from '../support/client.ts';
import { saying } from '../support/library.ts';
import { childrenOf } from '../support/processes.ts';
import { freePort, temporaryFolder } from '../support/server.ts';
import { type Image, readLayout, unpack } from './layout.ts';
import { faultsOf, validators } from './validators.ts';

const root = join(import.meta.dirname, '../..');
const needed = ['buildah', 'skopeo', 'mmdebstrap', 'runc'];
const missing = needed.filter((name) => spawnSync(name, ['--version']).error);
if (process.getuid!() !== 0) missing.push('root');
if (missing.length > 0) console.error(`image: not tested, without ${missing.join(', ')}`);

const machines = { 'linux/amd64': 62, 'linux/arm64': 183 }; // EM_X86_64, EM_AARCH64
const here = `linux/${process.arch === 'x64' ? 'amd64' : process.arch}` as keyof typeof machines;

// buildah wants no capitals in the path of a base.
const folder = join(tmpdir(), `flexilib-image-test-${process.pid}`);
const output = join(folder, 'image');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readJson = (path: string) => JSON.parse(readFileSync(join(root, path), 'utf8'));
const script = (name: string, ...args: string[]) =>
  execFileSync(process.execPath, [join(root, 'scripts', name), ...args], { encoding: 'utf8' });

/** Makes the base of the stage that builds from a release of Debian, and the image on it. */
function build(suite: string, platforms: string, into: string): string {
  script('image/base.mjs', join(folder, suite), suite);
  const base = ['--base', `oci:${join(folder, suite)}:base`];
  return script('image.mjs', '--platform', platforms, '--output', into, ...base);
}

describe.skipIf(missing.length > 0)('the image', () => {
  let said: string;
  let layout: ReturnType<typeof readLayout>;
  const image = (platform: string = here): Image => layout.images.get(platform)!;
  const rootOf = (platform: string) => join(folder, platform.replace('/', '-'));

  beforeAll(() => {
    said = build('trixie', 'linux/arm64,linux/amd64', output);
    layout = readLayout(output);
    for (const [platform, image] of layout.images) unpack(image, rootOf(platform));
  });

  it('is an index of both platforms, whose digest is told, and another tool reads it', () => {
    expect([...layout.images.keys()]).toEqual(Object.keys(machines));
    expect(said).toContain(`: ${layout.digest}, in ${output}`);
    const copy = join(folder, 'copy');
    execFileSync('skopeo', ['copy', '--quiet', '--insecure-policy', '--all', `oci:${output}`, `dir:${copy}`]);
    expect(JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')).manifests).toHaveLength(2);
  });

  it('empties no folder of somebody else', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    writeFileSync(join(home, 'letter'), 'dear');
    const { status, stderr } = spawnSync(
      process.execPath,
      [join(root, 'scripts/image.mjs'), '--output', home],
      { encoding: 'utf8' },
    );
    expect([status, stderr]).toEqual([1, expect.stringContaining('has files, and is no OCI layout')]);
    expect(readdirSync(home)).toEqual(['letter']);
  });

  it('leaves nothing when it is interrupted', async () => {
    const work = join(folder, 'work');
    mkdirSync(work);
    const mounts = () => readFileSync('/proc/mounts', 'utf8').includes(work);
    const args = ['--base', `oci:${join(folder, 'trixie')}:base`, '--output', join(folder, 'none')];
    const child = spawn(process.execPath, [join(root, 'scripts/image.mjs'), ...args], {
      env: { ...process.env, TMPDIR: work },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    // With overlays a mount shows that the builder runs, with copies the store does.
    await expect
      .poll(() => mounts() || globSync('flexilib-buildah-*/root/vfs/dir/*', { cwd: work }).length > 0, {
        timeout: 60_000,
      })
      .toBe(true);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect([readdirSync(work), mounts(), existsSync(join(folder, 'none'))]).toEqual([[], false, false]);
  }, 120_000);

  it('says how it is run', () => {
    const commit = execFileSync('git', ['log', '-1', '--format=%H %cI'], { cwd: root, encoding: 'utf8' });
    const [revision, time] = commit.trim().split(' ') as [string, string];
    const { config, created } = image().config;
    expect(new Date(created)).toEqual(new Date(time));
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/node', '/opt/flexilib/bin/flexilib.cjs'],
      Cmd: ['serve', '--config', '/etc/flexilib/proxy.ini'],
      StopSignal: 'SIGTERM',
      Volumes: { '/executors': {} },
      ExposedPorts: { '8069/tcp': {} },
      Healthcheck: { Test: ['CMD', '/opt/flexilib/dist/flexilib-health'] },
    });
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.created': created,
      'org.opencontainers.image.licenses': 'MIT',
      'org.opencontainers.image.source': 'https://github.com/flexilib/flexilib',
    });
    expect((config.Labels as Record<string, string>)['org.opencontainers.image.revision']).toMatch(
      new RegExp(`^${revision}(-dirty)?$`),
    );
  });

  describe.each(Object.entries(machines))('for %s', (platform, machine) => {
    /** Files by path, links aside. */
    const files = () =>
      globSync('**', { cwd: rootOf(platform) }).filter((path) =>
        lstatSync(join(rootOf(platform), path)).isFile(),
      );

    it('has programs and libraries for that machine alone, and no shell', () => {
      const elf = files().flatMap((path) => {
        const bytes = readFileSync(join(rootOf(platform), path)).subarray(0, 20);
        return bytes.readUInt32BE(0) === 0x7f454c46 ? [{ path, machine: bytes.readUInt16LE(18) }] : [];
      });
      expect(elf.filter((one) => one.machine !== machine)).toEqual([]);
      const programs = elf.map(({ path }) => path).filter((path) => !/\.so|\.node$/.test(path));
      expect(programs.sort()).toEqual([
        'opt/flexilib/dist/flexilib-health',
        'opt/flexilib/dist/flexilib-probe',
        'opt/flexilib/dist/flexilib-supervisor',
        'opt/flexilib/dist/flexilib-symbolize',
        'usr/local/bin/node',
      ]);
      expect(files().filter((path) => /(^|\/)(sh|bash|dash|busybox)$/.test(path))).toEqual([]);
    });

    it('can be written to by its user only where the server writes', () => {
      const own = globSync('**', { cwd: rootOf(platform) }).filter((path) => {
        const stat = lstatSync(join(rootOf(platform), path));
        return stat.uid !== 0 || stat.gid !== 0 || (stat.isFile() && (stat.mode & 0o022) !== 0);
      });
      expect(own.sort()).toEqual(['executors', 'run/flexilib', 'var/cache/flexilib']);
    });

    it('has no file that neither SBOM names the package of', () => {
      const place = rootOf(platform);
      const cdx = JSON.parse(readFileSync(join(output, 'sbom.cdx.json'), 'utf8'));
      const spdx = JSON.parse(readFileSync(join(output, 'sbom.spdx.json'), 'utf8'));
      const named = (name: string, version: string) =>
        [
          cdx.components.some((one: Record<string, string>) => one.name === name && one.version === version),
          spdx.packages.some(
            (one: Record<string, string>) => one.name === name && one.versionInfo === version,
          ),
        ].every(Boolean);
      const owned = new Set<string>();
      const own = (name: string, version: string, paths: string[]) => {
        expect.soft(named(name, version), `${name} ${version}`).toBe(true);
        for (const path of paths) owned.add(path);
      };
      // dpkg's own lists, as scanners read them.
      const status = 'var/lib/dpkg/status.d';
      for (const path of globSync(`${status}/*`, { cwd: place })) {
        if (path.endsWith('.md5sums')) continue;
        const control = readFileSync(join(place, path), 'utf8');
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(control)![1]!;
        const sums = readFileSync(join(place, `${path}.md5sums`), 'utf8')
          .split('\n')
          .filter(Boolean);
        const list = sums.map((line) => line.split('  ')[1]!);
        own(field('Package'), field('Version'), [...list, path, `${path}.md5sums`]);
      }
      const { optionalDependencies } = readJson('package.json');
      const name = `node-linux-${machine === 62 ? 'x64' : 'arm64'}`;
      own(name, optionalDependencies[name], ['usr/local/bin/node', 'usr/local/share/doc/node/LICENSE']);
      const bundle = join(place, 'opt/flexilib');
      for (const one of JSON.parse(readFileSync(join(bundle, 'packages.json'), 'utf8')))
        own(one.name, one.version, []);
      own('flexilib', readJson('apps/server/package.json').version, [
        ...files().filter((path) => path.startsWith('opt/flexilib/')),
        ...['passwd', 'group', 'nsswitch.conf', 'flexilib/proxy.ini'].map((path) => `etc/${path}`),
      ]);
      expect(files().filter((path) => !owned.has(path))).toEqual([]);
    });
  });

  it('has SBOMs that their makers’ tools have nothing against', (context) => {
    const bin = validators();
    if (!bin) return context.skip('python3 with venv is missing');
    for (const name of ['sbom.cdx.json', 'sbom.spdx.json'])
      expect(faultsOf(bin, join(output, name)), name).toBe('');
  });

  it('is the same on another base', () => {
    const again = join(folder, 'again');
    build('bookworm', here, again);
    expect(readLayout(again).images.get(here)!.digest).toBe(image().digest);
  });

  describe('as a container', () => {
    const name = `flexilib-e2e-${process.pid}`;
    let child: ChildProcess;
    let port: number;
    let stderr = '';

    beforeAll(async () => {
      port = await freePort();
      const executors = temporaryFolder();
      cpSync(saying('from the image'), join(executors, 'lib.so'));
      execFileSync('chmod', ['-R', 'a+rX', executors]);
      const config = join(executors, 'proxy.ini');
      writeFileSync(config, '/ = /executors/lib.so\n');
      const args = ['--image', output, '--name', name, '--port', String(port)];
      child = spawn(
        process.execPath,
        [join(root, 'scripts/image/run.mjs'), ...args, '--config', config, '--executors', executors],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      await new Promise<void>((resolve, reject) => {
        child.stderr!.on('data', (data) => {
          stderr += data;
          if (stderr.includes('listening on ')) resolve();
        });
        child.once('exit', () => reject(new Error(stderr)));
      });
    });
    afterAll(() => child?.kill('SIGKILL'));

    /** Runs a program in the container. */
    const inside = (...command: string[]) => {
      const [runc] = childrenOf(child.pid!);
      const state = readFileSync(`/proc/${runc}/cmdline`, 'utf8').split('\0')[2]!;
      return spawnSync('runc', ['--root', state, 'exec', name, ...command], { encoding: 'utf8' });
    };

    it('calls a library that is mounted', async () => {
      expect(await text(port, '/')).toBe('from the image');
    });

    it('is well', () => {
      const { status, stdout, stderr } = inside('/opt/flexilib/dist/flexilib-health');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/ answers\n$/);
    });

    it('is nobody, and can’t write to its root', () => {
      const program = `
        const { writeFileSync } = require('node:fs');
        const wrong = (path) => { try { writeFileSync(path, ''); return null; } catch ({ code }) { return code; } };
        console.log(process.getuid(), process.getgid(), wrong('/x'), wrong('/opt/x'), wrong('/run/flexilib/x'));`;
      const { stdout } = inside('/usr/local/bin/node', '--eval', program);
      expect(stdout).toBe('65532 65532 EROFS EROFS null\n');
    });

    it('has no shell', () => {
      expect(inside('/bin/sh', '-c', 'true').stderr).toContain('no such file or directory');
    });

    it('ends when it is told to, and leaves nothing', async () => {
      const [runc] = childrenOf(child.pid!);
      const bundle = readFileSync(`/proc/${runc}/cmdline`, 'utf8').split('\0')[5]!;
      expect(existsSync(bundle)).toBe(true);
      child.kill('SIGTERM');
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(existsSync(bundle)).toBe(false);
    });
  });
});
