// Libraries that come from a registry: a real one (distribution), real images, a real server.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lie, silenceAll } from '../../packages/oci/test/liar.ts';
import { canMount, makeReadOnly, makeRoom, withVolume } from '../faults/support/volume.ts';
import { ask, keepAlive, text } from '../support/client.ts';
import { writeKeys } from '../support/keys.ts';
import { answerOf, numbered } from '../support/library.ts';
import {
  dockerConfig,
  hasDockerRegistry,
  isThere,
  type OciRegistry,
  startOciRegistry,
  stopRegistries,
} from '../support/oci-registry.ts';
import { run, type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(async () => {
  await stopAll();
  await stopRegistries();
  await silenceAll();
});

const build = numbered();
const hasSkopeo = isThere('skopeo', '--version');
const fixtures = join(import.meta.dirname, '../../packages/native/fixtures');
const fixture = (machine: string) => join(fixtures, `original-zig-0.13.0-ReleaseSmall.${machine}.so`);

/** A library's file that answers as build N. */
function library(n: number, name = 'api.so'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, build(n));
  return path;
}

/** Pushes, and gives the digest. */
async function push(target: string, files: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await run(['push', target, ...files], env);
  expect({ code, stderr: stderr.replace(/^pushing .*\n/, '') }).toEqual({ code: 0, stderr: '' });
  return /^\S+@(sha256:[0-9a-f]{64})\n$/.exec(stdout)![1];
}

const serve = (target: string, env: NodeJS.ProcessEnv = {}, options = ''): Promise<Server> =>
  start(`/ = ${target}\n[/]\npull_interval = 1s\n${options}`, {
    FLEXILIB_CACHE_DIR: temporaryFolder(),
    ...env,
  });

const answers = (server: Server, n: number) =>
  expect.poll(() => text(server.port, '/'), { timeout: 20_000, interval: 20 }).toBe(answerOf(n));

const says = (server: Server, what: RegExp) =>
  expect.poll(() => server.stderr().filter((line) => what.test(line)).length, { timeout: 20_000 }).toBe(1);

const heads = (registry: OciRegistry) =>
  registry.asked().filter((line) => line.startsWith('HEAD /v2/acme/api/manifests')).length;

/** Changes an image by hand, with nothing of ours, and puts it under the tag. */
async function pushByHand(host: string, tag: string, manifest: object, blobs: Buffer[]): Promise<string> {
  const base = `http://${host}/v2/acme/api`;
  const { createHash } = await import('node:crypto');
  for (const blob of blobs) {
    const digest = `sha256:${createHash('sha256').update(blob).digest('hex')}`;
    const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
    const to = new URL(begun.headers.get('location')!, base);
    to.searchParams.set('digest', digest);
    expect((await fetch(to, { method: 'PUT', body: blob })).status).toBe(201);
  }
  const body = JSON.stringify(manifest);
  const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
  const put = await fetch(`${base}/manifests/${tag}`, { method: 'PUT', body, headers });
  expect(put.status).toBe(201);
  return put.headers.get('docker-content-digest')!;
}

const descriptor = async (bytes: Buffer, mediaType: string) => {
  const { createHash } = await import('node:crypto');
  return {
    mediaType,
    size: bytes.length,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  };
};

describe.skipIf(!hasDockerRegistry)('with a registry', () => {
  it('serves what was pushed, and the same bytes have the same digest', async () => {
    const { host } = await startOciRegistry();
    const digest = await push(`${host}/acme/api:1`, [library(1)]);
    expect(await push(`${host}/acme/other:x`, [library(1)])).toBe(digest);
    expect(await push(`${host}/acme/api:2`, [library(2)])).not.toBe(digest);
    const cache = temporaryFolder();
    const server = await serve(`oci://${host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    expect(await text(server.port, '/')).toBe(answerOf(1)); // the first request, which waits for the pull
    const path = join(cache, `oci/refs/${host}/acme/api:1/library.so`);
    expect(server.stderr()).toContainEqual(expect.stringContaining(`${path}: generation 1 serves`));
    expect(server.stderr()).toContain(`${host}/acme/api:1: pulled ${digest}`);
    expect(readFileSync(path).equals(build(1))).toBe(true);
    expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
  });

  it('serves a digest, and never asks for it again', async () => {
    const registry = await startOciRegistry();
    const digest = await push(`${registry.host}/acme/api:1`, [library(1)]);
    await push(`${registry.host}/acme/api:1`, [library(2)]);
    const cache = temporaryFolder();
    const first = await serve(`oci://${registry.host}/acme/api@${digest}`, { FLEXILIB_CACHE_DIR: cache });
    expect(await text(first.port, '/')).toBe(answerOf(1));
    await stopAll();
    await registry.kill();
    const server = await serve(`oci://${registry.host}/acme/api@${digest}`, { FLEXILIB_CACHE_DIR: cache });
    expect(await text(server.port, '/')).toBe(answerOf(1));
    expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
  });

  it('follows a tag under load without one failed request, and asks with HEAD alone', async () => {
    const registry = await startOciRegistry();
    await push(`${registry.host}/acme/api:1`, [library(1)]);
    const cache = temporaryFolder();
    const server = await serve(`oci://${registry.host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    await answers(server, 1);
    let ending = false;
    const connections = await Promise.all(Array.from({ length: 16 }, () => keepAlive(server.port)));
    const load = connections.map(async (connection) => {
      const seen = new Set<string>();
      while (!ending) {
        const { status, body } = await connection.get('/');
        expect(status).toBe(200);
        seen.add(body);
      }
      return [...seen];
    });
    for (const n of [2, 3]) {
      await push(`${registry.host}/acme/api:1`, [library(n)]);
      await answers(server, n);
    }
    const before = heads(registry);
    await expect.poll(() => heads(registry), { timeout: 20_000 }).toBeGreaterThan(before + 1);
    ending = true;
    for (const seen of await Promise.all(load)) expect(seen).toEqual([1, 2, 3].map(answerOf));
    for (const connection of connections) connection.close();
    const pulls = registry.asked().filter((line) => /^GET .*\/(blobs|manifests)\//.test(line));
    expect(pulls.length).toBe(6); // of each build a manifest and a blob
    expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
  });

  it('serves what it has while the registry is gone, also after a start, and goes on when it is back', async () => {
    const registry = await startOciRegistry();
    await push(`${registry.host}/acme/api:1`, [library(1)]);
    const cache = temporaryFolder();
    const first = await serve(`oci://${registry.host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    await answers(first, 1);
    await registry.kill();
    await says(first, /nobody listens there \(what is cached goes on\)/);
    await answers(first, 1);
    await stopAll();
    const second = await serve(`oci://${registry.host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    await answers(second, 1);
    await says(second, /nobody listens there/);
    const { pid } = second;
    second.signal('SIGUSR2');
    await expect.poll(() => second.pids().includes(pid), { timeout: 20_000 }).toBe(false);
    await answers(second, 1); // who takes over needs no registry either
    await registry.start();
    await says(second, /the registry answers again/);
    expect(second.stderr().filter((line) => line.includes('nobody listens'))).toHaveLength(1); // of two processes
    await push(`${registry.host}/acme/api:1`, [library(2)]);
    await answers(second, 2);
  });

  it('says 503 and why while nothing can be pulled, and serves as soon as it can', async () => {
    const registry = await startOciRegistry();
    await registry.kill();
    const server = await serve(`oci://${registry.host}/acme/api:1`);
    const { status, headers } = await ask(server.port, '/');
    expect(status).toBe(503);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(server.stderr()).toContainEqual(
      `error: ${registry.host}/acme/api: http://${registry.host}: nobody listens there (nothing is cached: its requests have 503)`,
    );
    await registry.start();
    await says(server, /404, the registry has no such tag/);
    await push(`${registry.host}/acme/api:1`, [library(1)]);
    await answers(server, 1);
  });

  it('refuses a build that is broken, says why, and goes on with the one before it', async () => {
    const { host } = await startOciRegistry();
    const good = await push(`${host}/acme/api:1`, [library(1)]);
    const server = await serve(`oci://${host}/acme/api:1`);
    await answers(server, 1);
    const empty = Buffer.from('{}');
    const config = await descriptor(empty, 'application/vnd.oci.empty.v1+json');
    const page = Buffer.from('<html>');
    const layer = await descriptor(page, 'text/html');
    const image = (layers: object[]) => ({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config,
      layers,
    });
    await pushByHand(host, '1', image([layer]), [empty, page]);
    await says(server, /none of its 1 layers is a library.*\(what is cached goes on\)/);
    const asLibrary = { ...layer, mediaType: 'application/vnd.flexilib.executor.library.v1' };
    await pushByHand(host, '1', image([asLibrary]), [empty, page]);
    await says(server, /its library is no ELF file/);
    await push(`${host}/acme/api:1`, [fixture('aarch64')]);
    await says(server, /its library is for arm64, this machine is amd64/);
    await answers(server, 1);
    expect(good).not.toBe(await push(`${host}/acme/api:1`, [library(2)]));
    await answers(server, 2);
  });

  it('takes what was pushed by hand, whatever its titles are', async () => {
    const { host } = await startOciRegistry();
    const empty = Buffer.from('{}');
    const bytes = build(7);
    const title = { 'org.opencontainers.image.title': '../../../etc/passwd' };
    const digest = await pushByHand(
      host,
      'hand',
      {
        schemaVersion: 2,
        config: await descriptor(empty, 'application/vnd.oci.empty.v1+json'),
        layers: [
          {
            ...(await descriptor(bytes, 'application/vnd.flexilib.executor.library.v1')),
            annotations: title,
          },
        ],
      },
      [empty, bytes],
    );
    const cache = temporaryFolder();
    const server = await serve(`oci://${host}/acme/api:hand`, { FLEXILIB_CACHE_DIR: cache });
    await answers(server, 7);
    expect(readdirSync(join(cache, 'oci/artifacts', digest.replace(':', '-')))).toEqual(['library.so']);
  });

  it('pushes several architectures as one, and takes its own; the signature goes with the library', async () => {
    const { host } = await startOciRegistry();
    const folder = temporaryFolder();
    const [intel, arm] = ['x86_64', 'aarch64'].map((machine) => {
      const path = join(folder, `api-${machine}.so`);
      cpSync(fixture(machine), path);
      return path;
    });
    const { key } = writeKeys(folder, 'key');
    expect(await run(['sign', intel, arm, '--key', key])).toMatchObject({ code: 0 });
    const digest = await push(`${host}/acme/api:1`, [intel, arm]);
    expect(await push(`${host}/acme/api:1`, [arm, intel])).toBe(digest);
    const cache = temporaryFolder();
    const server = await serve(`oci://${host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    expect((await ask(server.port, '/')).status).toBe(200);
    const pulled = join(cache, `oci/refs/${host}/acme/api:1`);
    expect(readFileSync(join(pulled, 'library.so')).equals(readFileSync(intel))).toBe(true);
    expect(readFileSync(join(pulled, 'library.so.sigstore.json'), 'utf8')).toBe(
      readFileSync(`${intel}.sigstore.json`, 'utf8'),
    );
    const twice = await run(['push', `${host}/acme/api:1`, intel, intel]);
    expect(twice).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('two of the libraries are for amd64'),
    });
    cpSync(`${arm}.sigstore.json`, `${intel}.sigstore.json`); // as after a build that nobody has signed
    expect(await run(['push', `${host}/acme/api:1`, intel, arm])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('x86_64.so.sigstore.json: is of another build of '),
    });
  });

  it.skipIf(!hasSkopeo)('is an image to skopeo, and skopeo’s copy of it one to us', async () => {
    const { host } = await startOciRegistry();
    await push(`${host}/acme/api:1`, [fixture('x86_64'), fixture('aarch64')]);
    const insecure = ['--src-tls-verify=false', '--dest-tls-verify=false'];
    const layout = join(temporaryFolder(), 'layout');
    const skopeo = (...args: string[]) =>
      execFileSync('skopeo', ['--insecure-policy', ...args], { encoding: 'utf8' });
    skopeo('copy', '--all', ...insecure, `docker://${host}/acme/api:1`, `oci:${layout}:one`);
    skopeo('copy', '--all', ...insecure, `oci:${layout}:one`, `docker://${host}/acme/copied:1`);
    const raw = skopeo('inspect', '--raw', '--tls-verify=false', `docker://${host}/acme/copied:1`);
    expect(JSON.parse(raw).manifests).toHaveLength(2);
    const server = await serve(`oci://${host}/acme/copied:1`);
    expect((await ask(server.port, '/')).status).toBe(200);
  });

  it.each(['basic', 'token'] as const)(
    'logs in (%s) with what docker stored, read anew each time',
    async (kind) => {
      const { host } = await startOciRegistry(kind);
      const target = `${host}/acme/api:1`;
      const unknown = await run(['push', target, library(1)], { DOCKER_CONFIG: temporaryFolder() });
      expect(unknown.code).toBe(1);
      expect(unknown.stderr).toContain(`docker login ${host}`);
      const wrong = await run(['push', target, library(1)], {
        DOCKER_CONFIG: dockerConfig(host, 'battery staple'),
      });
      expect(wrong.code).toBe(1);
      expect(wrong.stderr).toContain(`doesn't take the credentials`);
      expect(wrong.stderr).not.toContain('battery');
      const right = dockerConfig(host);
      await push(target, [library(1)], { DOCKER_CONFIG: right });
      const config = dockerConfig(host, 'battery staple');
      const server = await serve(`oci://${target}`, { DOCKER_CONFIG: config });
      expect((await ask(server.port, '/')).status).toBe(503);
      await says(server, /doesn't take the credentials/);
      cpSync(join(right, 'config.json'), join(config, 'config.json'));
      await answers(server, 1);
      expect(server.stderr().join('\n')).not.toMatch(/battery|correct horse|Basic|Bearer/);
    },
  );

  it('runs a credential helper, without a shell', async () => {
    const { host } = await startOciRegistry('basic');
    const bin = temporaryFolder();
    const helper = join(bin, 'docker-credential-test');
    const answer = `{"ServerURL":"$r","Username":"robot","Secret":"correct horse"}`;
    writeFileSync(helper, `#!/bin/sh\nread -r r\n[ "$1 $r" = "get ${host}" ] && echo '${answer}'\n`, {
      mode: 0o755,
    });
    const config = (credHelpers: object) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, 'config.json'), JSON.stringify({ credHelpers }));
      return { DOCKER_CONFIG: folder, PATH: `${bin}:${process.env.PATH}` };
    };
    await push(`${host}/acme/api:1`, [library(1)], config({ [host]: 'test' }));
    const missing = await run(['push', `${host}/a:1`, library(1)], config({ [host]: 'absent' }));
    expect(missing.stderr).toContain('docker-credential-absent is named there and is not installed');
    const mark = join(bin, 'mark');
    const hostile = await run(['push', `${host}/a:1`, library(1)], config({ [host]: `test;touch ${mark}` }));
    expect(hostile.stderr).toContain('no name of a program');
    expect(existsSync(mark)).toBe(false);
  });

  it('serves a canary from a registry', async () => {
    const { host } = await startOciRegistry();
    await push(`${host}/acme/api:1`, [library(1)]);
    await push(`${host}/acme/api:next`, [library(2)]);
    const server = await serve(
      `oci://${host}/acme/api:1`,
      {},
      `canary = oci://${host}/acme/api:next\ncanary_header = X-Next\n`,
    );
    await answers(server, 1);
    const { body } = await ask(server.port, '/', { headers: { 'x-next': '1' } });
    expect(body.toString()).toBe(answerOf(2));
  });

  it('has one process ask for all, and another after that one crashed', async () => {
    const registry = await startOciRegistry();
    await push(`${registry.host}/acme/api:1`, [library(1)]);
    const server = await serve(`oci://${registry.host}/acme/api:1`, { WORKERS: '3' });
    await answers(server, 1);
    expect(server.stderr().filter((line) => line.includes('pulled')).length).toBe(1);
    expect(heads(registry)).toBeLessThan(3); // of three processes
    for (const pid of server.pids()) process.kill(pid, 'SIGKILL');
    await push(`${registry.host}/acme/api:1`, [library(2)]);
    await answers(server, 2);
  });

  it('has all processes say 503 at once when the one that asks has failed', async () => {
    const registry = await startOciRegistry();
    await registry.kill();
    const server = await serve(`oci://${registry.host}/acme/api:1`, { WORKERS: '3' });
    await says(server, /nothing is cached/);
    const begun = performance.now();
    const all = await Promise.all(Array.from({ length: 24 }, () => ask(server.port, '/')));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([503]));
    expect(performance.now() - begun).toBeLessThan(8000); // and not when they are tired of waiting, after ten seconds
    expect(server.stderr().filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  it('has requests wait for a slow registry, but not for ever', async () => {
    const bytes = build(3);
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { digest, size } = await descriptor(bytes, '');
    const layer = { mediaType: 'application/vnd.flexilib.executor.library.v1', digest, size };
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [layer] }));
    const type = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
    const { host } = await lie(async (req, res) => {
      if (req.url?.includes('/manifests/')) return res.writeHead(200, type).end(manifest);
      res.write(bytes.subarray(0, 100));
      await gate;
      return res.end(bytes.subarray(100));
    });
    const server = await serve(`oci://${host}/acme/api:1`);
    expect((await ask(server.port, '/')).status).toBe(503);
    const patient = ask(server.port, '/');
    go();
    expect((await patient).body.toString()).toBe(answerOf(3));
    expect(server.stderr().filter((line) => /error|warning/.test(line))).toEqual([]);
  });

  it('takes up and lets go of images when the configuration is read again', async () => {
    const registry = await startOciRegistry();
    await push(`${registry.host}/acme/api:1`, [library(1)]);
    const server = await start('/x = return 200 x\n', { FLEXILIB_CACHE_DIR: temporaryFolder() });
    writeFileSync(server.config, `/ = oci://${registry.host}/acme/api:1\n[/]\npull_interval = 1s\n`);
    server.signal('SIGHUP');
    await answers(server, 1);
    await expect.poll(() => heads(registry), { timeout: 10_000 }).toBeGreaterThan(2);
    writeFileSync(server.config, '/x = return 200 y\n');
    server.signal('SIGHUP');
    await expect.poll(() => text(server.port, '/x'), { timeout: 5000 }).toBe('y');
    const before = heads(registry);
    await new Promise((resolve) => setTimeout(resolve, 2500)); // twice the interval, and then some
    expect(heads(registry)).toBeLessThanOrEqual(before + 1); // one may have been under way
  });

  it('checks a configuration without asking the registry', async () => {
    const registry = await startOciRegistry();
    const file = join(temporaryFolder(), 'proxy.ini');
    writeFileSync(file, `/ = oci://${registry.host}/acme/api:1\n`);
    expect(await run(['check', file])).toMatchObject({ code: 0, stderr: '' });
    expect(heads(registry)).toBe(0);
    writeFileSync(file, '/ = oci://acme/api:1\n');
    expect(await run(['check', file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no registry comes first'),
    });
  });

  it('says that the cache can’t be written', async () => {
    const { host } = await startOciRegistry();
    await push(`${host}/acme/api:1`, [library(1)]);
    const place = join(temporaryFolder(), 'file');
    writeFileSync(place, '');
    const server = await serve(`oci://${host}/acme/api:1`, { FLEXILIB_CACHE_DIR: place });
    expect((await ask(server.port, '/')).status).toBe(503);
    await says(server, /the cache can't be written: .*FLEXILIB_CACHE_DIR/);
  });

  it('loads nothing from a registry that isn’t signed, when signatures are required', async () => {
    const { host } = await startOciRegistry();
    const folder = temporaryFolder();
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const key = join(folder, 'key.pem');
    writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    writeFileSync(join(folder, 'key.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const builds = [1, 2].map((n) => library(n));
    const sign = async (file: string) =>
      expect(await run(['sign', file, '--key', key])).toMatchObject({ code: 0 });
    await push(`${host}/acme/api:1`, [builds[0]]);
    const config = join(folder, 'proxy.ini');
    writeFileSync(
      config,
      `/ = oci://${host}/acme/api:1\n[/]\npull_interval = 1s\n[server]\nrequire_signature = key.pub\n`,
    );
    const server = await start({ file: config }, { FLEXILIB_CACHE_DIR: temporaryFolder() });
    expect((await ask(server.port, '/')).status).toBe(503);
    await says(server, /^error: .*api:1\/library\.so: .*sign/);
    await sign(builds[0]); // the signature alone is new
    await push(`${host}/acme/api:1`, [builds[0]]);
    await answers(server, 1);
    await push(`${host}/acme/api:1`, [builds[1]]);
    await says(server, /sign.*\(generation 1 goes on\)/);
    await answers(server, 1);
    await sign(builds[1]);
    await push(`${host}/acme/api:1`, [builds[1]]);
    await answers(server, 2);
  });

  it.skipIf(!canMount).each([
    [
      'full',
      2048,
      (server: Server, cache: string) => makeRoom(server.supervisor, cache, 16 << 10),
      /the disk is full; make room/,
    ],
    ['read-only', 16 << 10, null, /can't be written: EROFS/],
  ] as const)('serves what is in a cache that is %s', async (_, kilobytes, mend, why) => {
    const { host } = await startOciRegistry();
    await push(`${host}/acme/api:1`, [library(1)]);
    const cache = temporaryFolder();
    const server = await start(
      `/ = oci://${host}/acme/api:1\n[/]\npull_interval = 1s\n`,
      { FLEXILIB_CACHE_DIR: cache },
      [],
      withVolume(cache, kilobytes),
    );
    await answers(server, 1);
    if (!mend) makeReadOnly(server.supervisor, cache);
    const heavy = join(temporaryFolder(), 'api.so');
    writeFileSync(heavy, Buffer.concat([build(2), Buffer.alloc(4 << 20)]));
    await push(`${host}/acme/api:1`, [heavy]);
    await says(server, why);
    await answers(server, 1);
    mend?.(server, cache);
    if (mend) await answers(server, 2);
  });

  it('keeps what is needed in the cache, and no more', async () => {
    const { host } = await startOciRegistry();
    const cache = temporaryFolder();
    const artifacts = join(cache, 'oci/artifacts');
    mkdirSync(join(artifacts, '.new-killed'), { recursive: true });
    mkdirSync(join(artifacts, `sha256-${'a'.repeat(64)}`));
    execFileSync('touch', [
      '-d',
      '2 hours ago',
      join(artifacts, '.new-killed'),
      join(artifacts, `sha256-${'a'.repeat(64)}`),
    ]);
    const digest = await push(`${host}/acme/api:1`, [library(1)]);
    const server = await serve(`oci://${host}/acme/api:1`, { FLEXILIB_CACHE_DIR: cache });
    await answers(server, 1);
    await expect.poll(() => readdirSync(artifacts), { timeout: 10_000 }).toEqual([digest.replace(':', '-')]);
  });
});
