// `npm run release:image` into a registry and a log of this machine: what others then verify, with their tools and with ours.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLayout, openRegistry, parseReference } from '../../packages/oci/src/index.ts';
import { text } from '../support/client.ts';
import { writeKeys } from '../support/keys.ts';
import { saying } from '../support/library.ts';
import { type Log, startLog } from '../support/log.ts';
import {
  hasDockerRegistry,
  type OciRegistry,
  startOciRegistry,
  stopRegistries,
} from '../support/oci-registry.ts';
import { freePort, run, temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';
import { faultsOf, validators } from './validators.ts';

const root = join(import.meta.dirname, '../..');
const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const missing = ['buildah', 'skopeo', 'mmdebstrap', 'runc'].filter(
  (name) => spawnSync(name, ['--version']).error,
);
if (!hasDockerRegistry) missing.push('docker-registry');
if (process.getuid!() !== 0) missing.push('root');
if (git('status', '--porcelain')) missing.push('a clean working tree, which is what is released');
if (missing.length > 0) console.error(`release:image: not tested, without ${missing.join(', ')}`);

const rekor = missing.length > 0 ? null : await goTool('rekor-tiles');
const cosign = missing.length > 0 ? null : await goTool('cosign');

// buildah wants no capitals in the path of a base.
const folder = join(tmpdir(), `flexilib-release-test-${process.pid}`);
const minutes = 60_000;

describe.skipIf(missing.length > 0)('npm run release:image', () => {
  const keys = writeKeys(temporaryFolder(), 'cosign');
  const short = git('rev-parse', 'HEAD').slice(0, 7);
  let registry: OciRegistry;
  let log: Log | null = null;
  let name: string;
  let said: string;
  /** Of the index. */
  let digest: string;

  beforeAll(async () => {
    registry = await startOciRegistry();
    name = `${registry.host}/acme/flexilib`;
    if (rekor) log = await startLog(rekor);
    mkdirSync(folder);
    execFileSync('node', [join(root, 'scripts/image/base.mjs'), join(folder, 'base')], { encoding: 'utf8' });
    const first = await release('--tag', 'latest');
    expect(first.status, first.output).toBe(0);
    said = first.output;
    digest = (await store().resolve(short))?.digest ?? '';
  }, 15 * minutes);
  afterAll(async () => {
    await log?.close();
    await stopRegistries();
    rmSync(folder, { recursive: true, force: true });
  });

  const store = () => openRegistry(parseReference(name), { push: true });
  const trustedRoot = () => (log ? ['--trusted-root', log.trustedRoot] : []);

  /** As its user does. Gives all that it says. */
  async function release(...args: string[]): Promise<{ status: number | null; output: string }> {
    const signing = ['--key', keys.key, ...(log ? ['--log', log.url] : []), ...trustedRoot()];
    const child = spawn('npm', ['run', 'release:image', '--', name, ...signing, ...args], {
      cwd: root,
      env: { ...process.env, FLEXILIB_IMAGE_BASE: `oci:${join(folder, 'base')}:base` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    const [status] = await once(child, 'close');
    return { status, output };
  }

  it('pushes the index of both platforms, by the commit’s digits and the tags', async () => {
    expect(said).toContain(`${name}@${digest}: pushed`);
    expect((await store().resolve('latest'))?.digest).toBe(digest);
    const { manifests } = await store().manifest(digest);
    expect(manifests.map(({ platform }) => platform?.architecture)).toEqual(['amd64', 'arm64']);
  });

  it('signs the index and each platform, and attests the index', async () => {
    const { manifests } = await store().manifest(digest);
    for (const one of [digest, ...manifests.map(({ digest }) => digest)]) {
      const { code, stdout, stderr } = await run([
        'verify',
        `${name}@${one}`,
        '--key',
        keys.pub,
        ...trustedRoot(),
      ]);
      expect(code, stderr).toBe(0);
      if (log) expect(stdout).toContain(`of the log ${log.url}, verified`);
    }
    const other = writeKeys(temporaryFolder(), 'other');
    expect((await run(['verify', `${name}@${digest}`, '--key', other.pub, ...trustedRoot()])).code).toBe(1);
  });

  it.skipIf(!cosign)('cosign verifies the signature and the attestations, by the tag', async () => {
    const trust = ['--key', keys.pub, ...(log ? trustedRoot() : ['--insecure-ignore-tlog'])];
    const ask = (...args: string[]) =>
      execFileSync(cosign!, [...args, ...trust, `${name}:${short}`], { encoding: 'utf8', stdio: 'pipe' });
    expect(ask('verify')).toContain(`"docker-manifest-digest":"${digest}"`);
    for (const [type, file] of [
      ['cyclonedx', 'sbom.cdx.json'],
      ['spdxjson', 'sbom.spdx.json'],
    ] as const) {
      const { predicate, subject } = statementOf(ask('verify-attestation', '--type', type));
      expect(predicate).toEqual(JSON.parse(readFileSync(join(root, 'dist-image', file), 'utf8')));
      expect(subject[0]?.digest.sha256).toBe(digest.replace('sha256:', ''));
    }
    const { predicate } = statementOf(ask('verify-attestation', '--type', 'slsaprovenance1'));
    expect(predicate.buildDefinition).toMatchObject({
      buildType: 'https://github.com/flexilib/flexilib/blob/main/docs/releasing.md#build-type-1',
      externalParameters: { platforms: ['linux/amd64', 'linux/arm64'] },
    });
    const locked = readFileSync(join(root, 'docker/debian.lock'), 'utf8').match(/\b[0-9a-f]{64}$/gm) ?? [];
    const digests = predicate.buildDefinition.resolvedDependencies.flatMap(
      (one: { digest: Record<string, string> }) => Object.values(one.digest),
    );
    expect(digests).toEqual(expect.arrayContaining([git('rev-parse', 'HEAD'), ...locked]));
    const bin = validators();
    const file = join(folder, 'provenance.slsa.json');
    writeFileSync(file, JSON.stringify(predicate));
    if (bin) expect(faultsOf(bin, file)).toBe('');
  });

  it('what comes out of the registry calls a library', async () => {
    const pulled = join(folder, 'pulled');
    const source = `docker://${name}:${short}`;
    execFileSync('skopeo', [
      'copy',
      '--quiet',
      '--all',
      '--src-tls-verify=false',
      '--insecure-policy',
      source,
      `oci:${pulled}`,
    ]);
    expect((await openLayout(pulled).resolve('latest'))?.digest).toBe(digest);
    const port = await freePort();
    const executors = temporaryFolder();
    cpSync(saying('from the registry'), join(executors, 'lib.so'));
    writeFileSync(join(executors, 'proxy.ini'), '/ = /executors/lib.so\n');
    execFileSync('chmod', ['-R', 'a+rX', executors]);
    const mounts = ['--executors', executors, '--config', join(executors, 'proxy.ini')];
    const args = [join(root, 'scripts/image/run.mjs'), '--image', pulled, '--port', String(port), ...mounts];
    const container = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      await until(container, 'listening on ');
      expect(await text(port, '/')).toBe('from the registry');
    } finally {
      container.kill();
      await once(container, 'close');
    }
  });

  it(
    'a second run of the same commit finds it there, signs nothing anew, and verifies it again',
    async () => {
      const before = await store().referrers(digest);
      const { status, output } = await release();
      expect(status, output).toBe(0);
      expect(output).toContain(`${name}@${digest}: there already, as ${short}`);
      expect(output).toContain(`${name}@${digest}: signed already`);
      expect(await store().referrers(digest)).toEqual(before);
    },
    10 * minutes,
  );

  it('a commit has one image, and so has a version', async () => {
    const { push, setTags } = await import(join(root, 'scripts/release-image/registry.mjs'));
    const [amd64, arm64] = (await store().manifest(digest)).manifests;
    const layout = openLayout(join(root, 'dist-image'));
    await setTags(store(), arm64?.digest, ['1.2.3', 'edge']);
    const publish = (short: string, ...tags: string[]) => push(layout, amd64?.digest, store(), short, tags);
    await expect(publish(short)).rejects.toThrow(`:${short} is ${digest} already`);
    await expect(publish('0123456', '1.2.3')).rejects.toThrow(`:1.2.3 is ${arm64?.digest} already`);
    expect(await publish('0123456', 'edge')).toBe(false);
  });
});

/** Of an attestation as cosign prints it. */
function statementOf(line: string) {
  return JSON.parse(Buffer.from(JSON.parse(line.split('\n')[0] ?? '').payload, 'base64').toString());
}

async function until(child: ChildProcess, what: string): Promise<void> {
  let stderr = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (data) => {
      stderr += data;
      if (stderr.includes(what)) resolve();
    });
    child.once('exit', () => reject(new Error(stderr)));
  });
}
