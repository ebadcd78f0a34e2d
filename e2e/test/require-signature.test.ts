// [server] require_signature: nothing is loaded that isn't signed by the key, whatever goes wrong.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, text } from '../support/client.ts';
import { answerOf, compile, install, numbered } from '../support/library.ts';
import { hasDockerRegistry, startOciRegistry, stopRegistries } from '../support/oci-registry.ts';
import { run, type Server, start, stopAll, temporaryFolder } from '../support/server.ts';

afterEach(stopAll);

const build = numbered();
let folder: string;
let lib: string;
let bundle: string;

function keyPair(name: string): void {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  writeFileSync(join(folder, `${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  writeFileSync(join(folder, `${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
}

async function sign(file: string, key = 'key', output = `${file}.sigstore.json`): Promise<void> {
  const args = ['sign', file, '--key', join(folder, `${key}.pem`), '--output', output];
  const { code, stderr } = await run(args);
  expect([code, stderr]).toEqual([0, '']);
}

beforeEach(() => {
  folder = temporaryFolder();
  lib = join(folder, 'lib.so');
  bundle = `${lib}.sigstore.json`;
  install(lib, build(1));
  keyPair('key');
  keyPair('other');
});

const CONFIG = (server = 'require_signature = key.pub') => `/ = lib.so\n[server]\n${server}\n`;

function configure(config = CONFIG()): { file: string } {
  const file = join(folder, 'proxy.ini');
  writeFileSync(file, config);
  return { file };
}

const errors = (server: Server) => server.stderr().filter((line) => /^(error|warning)/.test(line));
const status = async (server: Server) => (await ask(server.port, '/')).status;

it('serves what is signed, and goes on when what follows is not', async () => {
  await sign(lib);
  const server = await start(configure());
  expect(await text(server.port, '/')).toBe(answerOf(1));
  install(lib, build(2)); // its bundle is the old one's
  await expect
    .poll(() => errors(server))
    .toEqual([
      expect.stringMatching(
        /lib\.so: not loaded: require_signature = .*key\.pub: .*isn't what was signed: .* signs it \(generation 1 goes on\)$/,
      ),
    ]);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  await sign(lib, 'other');
  await expect.poll(() => errors(server).at(-1)).toMatch(/by another key than/);
  expect(await text(server.port, '/')).toBe(answerOf(1));
  await sign(lib); // the same bytes, refused before
  await expect.poll(() => text(server.port, '/')).toBe(answerOf(2));
});

it('takes a bundle that comes later than its library', async () => {
  const server = await start(configure());
  expect(await status(server)).toBe(503);
  await expect
    .poll(() => errors(server))
    .toEqual([
      expect.stringMatching(
        /isn't signed, there is no .*lib\.so\.sigstore\.json; `flexilib sign .*lib\.so --key PRIVATE\.pem` signs it$/,
      ),
    ]);
  await sign(lib);
  await expect.poll(() => status(server)).toBe(200);
});

it('takes both through links that are switched together', async () => {
  const releases = [1, 2].map((n) => join(temporaryFolder(), `${n}`));
  for (const [index, release] of releases.entries()) {
    execFileSync('mkdir', [release]);
    writeFileSync(join(release, 'lib.so'), build(index + 1));
    await sign(join(release, 'lib.so'));
  }
  const point = (release: string) => {
    rmSync(join(folder, 'new'), { force: true });
    symlinkSync(release, join(folder, 'new'));
    renameSync(join(folder, 'new'), join(folder, 'current'));
  };
  point(releases[0]);
  const server = await start(configure('/ = current/lib.so\n[server]\nrequire_signature = key.pub\n'));
  expect(await text(server.port, '/')).toBe(answerOf(1));
  point(releases[1]);
  await expect.poll(() => text(server.port, '/')).toBe(answerOf(2));
});

describe('refuses', () => {
  const cases: [string, string, () => void | Promise<void>][] = [
    ['no key file', 'key.pub: there is no such file', () => rmSync(join(folder, 'key.pub'))],
    [
      'a key file that is none',
      'is no public key in PEM',
      () => writeFileSync(join(folder, 'key.pub'), 'key'),
    ],
    ['an empty key file', 'is no public key in PEM', () => writeFileSync(join(folder, 'key.pub'), '')],
    [
      'a folder for a key',
      'is no file',
      () => {
        rmSync(join(folder, 'key.pub'));
        execFileSync('mkdir', [join(folder, 'key.pub')]);
      },
    ],
    [
      'the private key for the public one',
      'is a private key',
      () => copyFileSync(join(folder, 'key.pem'), join(folder, 'key.pub')),
    ],
    ['no bundle', "it isn't signed", () => rmSync(bundle)],
    ['an empty bundle', 'is no Sigstore bundle', () => writeFileSync(bundle, '')],
    [
      'half a bundle',
      'is no Sigstore bundle',
      () => writeFileSync(bundle, readFileSync(bundle).subarray(0, 200)),
    ],
    ['a huge bundle', 'is over 1048576 bytes', () => writeFileSync(bundle, Buffer.alloc(2 << 20, ' '))],
    [
      'a FIFO for a bundle',
      'is no file',
      () => {
        rmSync(bundle);
        execFileSync('mkfifo', [bundle]);
      },
    ],
    [
      'a link to nowhere for a bundle',
      "it isn't signed",
      () => {
        rmSync(bundle);
        symlinkSync('/nowhere', bundle);
      },
    ],
    [
      "another file's bundle",
      "isn't what was signed",
      async () => {
        writeFileSync(join(folder, 'two.so'), build(2));
        await sign(join(folder, 'two.so'), 'key', bundle);
      },
    ],
    ["another key's bundle", 'by another key than', () => sign(lib, 'other')],
    [
      "another key's bundle with this key's name",
      "its signature isn't one by this key",
      async () => {
        const mine = JSON.parse(readFileSync(bundle, 'utf8'));
        await sign(lib, 'other');
        const theirs = JSON.parse(readFileSync(bundle, 'utf8'));
        writeFileSync(bundle, JSON.stringify({ ...theirs, verificationMaterial: mine.verificationMaterial }));
      },
    ],
  ];

  it.each(cases)('%s', async (_what, why, spoil) => {
    await sign(lib);
    await spoil();
    const server = await start(configure());
    expect(await status(server)).toBe(503);
    // Of a key that is of no use the start has told too.
    const refusals = () => errors(server).filter((line) => !line.startsWith('warning: require_signature = '));
    await expect.poll(refusals).toEqual([expect.stringContaining(why)]);
    expect(refusals()[0]).toContain('lib.so: not loaded: require_signature = ');
    // `flexilib check` says the same beforehand.
    const { code, stderr } = await run(['check', '--config', join(folder, 'proxy.ini')]);
    expect(code).toBe(0);
    expect(stderr).toContain(why);
  });

  it.skipIf(process.getuid!() === 0)('a key that may not be read', async () => {
    await sign(lib);
    chmodSync(join(folder, 'key.pub'), 0);
    expect(await status(await start(configure()))).toBe(503);
  });

  it('a library that looks for others beside it', async () => {
    const neighbourly = compile(
      'flexilib_response *handle_request(flexilib_request *r) { return (void *)r; }',
    );
    execFileSync('zig', ['cc', '-shared', '-Wl,-rpath,$ORIGIN', '-o', lib, neighbourly]);
    await sign(lib);
    const server = await start(configure());
    expect(await status(server)).toBe(503);
    await expect.poll(() => errors(server)).toEqual([expect.stringContaining('$ORIGIN')]);
  });
});

it('runs no constructor of what it refuses, in a probe neither', async () => {
  const ran = join(folder, 'ran');
  const source = `#include <fcntl.h>
    __attribute__((constructor)) static void begin(void) { open("${ran}", O_CREAT, 0600); }
    flexilib_response *handle_request(flexilib_request *r) { (void)r; static flexilib_response a = {.ptr = "x", .len = 1}; return &a; }`;
  copyFileSync(compile(source), lib);
  const server = await start(configure());
  expect(await status(server)).toBe(503);
  expect(() => readFileSync(ran)).toThrow('ENOENT');
  await sign(lib);
  await expect.poll(() => status(server)).toBe(200);
  readFileSync(ran);
});

it('is neither dropped nor changed by a reload, also for a process that follows', async () => {
  const server = await start(configure());
  for (const other of ['', 'require_signature = other.pub']) {
    const before = errors(server).length;
    configure(CONFIG(other));
    server.signal('SIGHUP');
    await expect.poll(() => errors(server).length).toBeGreaterThan(before);
    expect(errors(server).slice(before)[0]).toContain(
      '[server] require_signature changes by a restart alone',
    );
  }
  const { pid } = server;
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => Number.isInteger(server.pid) && server.pid !== pid).toBe(true);
  await expect.poll(() => status(server).catch(() => 0)).toBe(503);
  const why = `not loaded: require_signature = ${join(folder, 'key.pub')}`;
  await expect.poll(() => errors(server).filter((line) => line.includes(why))).toHaveLength(1);
});

it('counts a key that was replaced from the next load on', async () => {
  await sign(lib);
  const server = await start(configure());
  expect(await status(server)).toBe(200);
  renameSync(join(folder, 'other.pub'), join(folder, 'key.pub'));
  install(lib, build(2));
  await sign(lib);
  await expect.poll(() => errors(server).at(-1)).toMatch(/by another key than/);
  await sign(lib, 'other');
  await expect.poll(() => text(server.port, '/')).toBe(answerOf(2));
});

it.skipIf(!hasDockerRegistry)('takes signed libraries from a registry, and no others', async () => {
  const registry = await startOciRegistry();
  try {
    const image = `${registry.host}/acme/api:1`;
    const push = async () => expect(await run(['push', image, lib])).toMatchObject({ code: 0, stderr: '' });
    await push();
    const env = { FLEXILIB_CACHE_DIR: temporaryFolder() };
    const config = `/ = oci://${image}\n[/]\npull_interval = 1s\n[server]\nrequire_signature = key.pub\n`;
    const server = await start(configure(config), env);
    expect(await status(server)).toBe(503);
    await expect.poll(() => errors(server)).toEqual([expect.stringContaining("it isn't signed")]);
    expect(errors(server)[0]).toMatch(/sign the library \(flexilib sign\), then push it again: /);
    await sign(lib);
    await push();
    await expect.poll(() => status(server), { timeout: 15_000 }).toBe(200);
    install(lib, build(2));
    rmSync(bundle);
    await push();
    await expect
      .poll(() => errors(server).at(-1), { timeout: 15_000 })
      .toMatch(/it isn't signed.*generation 1 goes on/);
    expect(await text(server.port, '/')).toBe(answerOf(1));
    await sign(lib);
    await push();
    await expect.poll(() => text(server.port, '/'), { timeout: 15_000 }).toBe(answerOf(2));
  } finally {
    await stopRegistries();
  }
});

it('a key that is of no use is told by `flexilib check`, whatever the routes', async () => {
  const { file } = configure('/ = oci://localhost:1/acme/api:1\n[server]\nrequire_signature = none.pub\n');
  expect(await run(['check', '--config', file])).toMatchObject({
    code: 0,
    stderr: `warning: require_signature = ${join(folder, 'none.pub')}: there is no such file; no library is loaded until this is mended\n`,
  });
});

it('a key that is of no use is told when the server starts', async () => {
  const server = await start(configure('/ = return 200\n[server]\nrequire_signature = none.pub\n'));
  expect(await status(server)).toBe(200);
  expect(errors(server)).toEqual([
    `warning: require_signature = ${join(folder, 'none.pub')}: there is no such file; no library is loaded until this is mended`,
  ]);
});

it('is no part of a server without it', () => {
  const dist = join(import.meta.dirname, '../../apps/server/dist');
  const has = (name: string) => readFileSync(join(dist, name), 'utf8').includes('inclusionProof');
  expect(['flexilib.cjs', 'signature.cjs'].map(has)).toEqual([false, true]);
});

describe('a build that crashes again and again', () => {
  async function crashed(between: () => void = () => {}): Promise<Server> {
    await sign(lib);
    const server = await start(configure());
    expect(await text(server.port, '/')).toBe(answerOf(1));
    await sign(lib); // the file's bytes are as they were: nothing is loaded
    install(lib, build(2));
    await sign(lib);
    await expect.poll(() => text(server.port, '/')).toBe(answerOf(2));
    between();
    for (let i = 0; i < 5; i++) expect((await ask(server.port, '/crash')).status).toBe(502);
    return server;
  }

  it('is left for the one before, whose signature was kept', async () => {
    const server = await crashed();
    await expect.poll(() => text(server.port, '/')).toBe(answerOf(1));
    // A process that never loaded it goes back to it as well.
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await expect.poll(() => Number.isInteger(server.pid) && server.pid !== pid).toBe(true);
    await expect.poll(() => text(server.port, '/').catch(String)).toBe(answerOf(1));
  });

  it('is not left for one before that today’s key has not signed', async () => {
    const server = await crashed(() => renameSync(join(folder, 'other.pub'), join(folder, 'key.pub')));
    await expect.poll(() => status(server)).toBe(503);
    expect(server.stderr().filter((line) => line.includes('generation 3'))).toEqual([]);
  });
});
