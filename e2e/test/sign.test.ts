// `flexilib sign` and `flexilib verify` of files, beside the real cosign, a real log and a token.
import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type KeyType, writeKeys } from '../support/keys.ts';
import { type Log, startLog } from '../support/log.ts';
import { run, temporaryFolder } from '../support/server.ts';
import { goTool } from '../support/tools.ts';

const cosign = await goTool('cosign');
const rekor = await goTool('rekor-tiles');

const exec = promisify(execFile);
const PASSWORD = { COSIGN_PASSWORD: 'secret' };

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryFolder();
  file = join(folder, 'lib.so');
  writeFileSync(file, randomBytes(300_000), { mode: 0o755 });
});

const good = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
  const { code, stdout, stderr } = await run(args, env, folder);
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
};
const bad = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
  const { code, stdout, stderr } = await run(args, env, folder);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^error: .*\n$/);
  return stderr;
};
const cosignRuns = (args: string[]) =>
  exec(cosign ?? '', args, { cwd: folder, env: { ...process.env, ...PASSWORD } });

describe('a key file', () => {
  it.each<KeyType>(['ec', 'rsa', 'ed25519'])('of type %s signs, and cosign verifies', async (type) => {
    const { key, pub } = writeKeys(folder, 'key', type);
    expect(await good(['sign', 'lib.so', '--key', key])).toBe(
      `lib.so: signed by ${key}: lib.so.sigstore.json\n`,
    );
    expect(await good(['verify', 'lib.so', '--key', pub])).toBe(
      `lib.so: signed by the key ${pub}; no log has it\n`,
    );
    if (!cosign) return;
    const args = ['verify-blob', '--insecure-ignore-tlog', '--bundle', 'lib.so.sigstore.json', 'lib.so'];
    expect((await cosignRuns([...args, '--key', pub])).stderr).toContain('Verified OK');
    const other = writeKeys(folder, 'other', type);
    await expect(cosignRuns([...args, '--key', other.pub])).rejects.toThrow();
    expect(await bad(['verify', 'lib.so', '--key', other.pub])).toContain('by another key than');
  });

  it('leaves the file as it is, and its bundle is readable by whom the file is', async () => {
    const { key } = writeKeys(folder, 'key');
    const before = readFileSync(file);
    await good(['sign', 'lib.so', '--key', key]);
    await good(['sign', 'lib.so', '--key', key]); // the bundle is replaced
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(statSync(`${file}.sigstore.json`).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder).sort()).toEqual(['key.pem', 'key.pub', 'lib.so', 'lib.so.sigstore.json']);
  });

  it('may be encrypted', async () => {
    const { key, pub } = writeKeys(folder, 'key');
    execFileSync('openssl', [
      'pkey',
      '-in',
      key,
      '-aes256',
      '-passout',
      'pass:secret',
      '-out',
      join(folder, 'enc.pem'),
    ]);
    await good(['sign', 'lib.so', '--key', 'enc.pem'], PASSWORD);
    await good(['verify', 'lib.so', '--key', pub]);
    expect(await bad(['sign', 'lib.so', '--key', 'enc.pem'])).toContain(
      'give its password in COSIGN_PASSWORD',
    );
    const wrong = await bad(['sign', 'lib.so', '--key', 'enc.pem'], { COSIGN_PASSWORD: 'wrong' });
    expect(wrong).toContain("can't be decrypted");
  });

  it.each([
    ['a public key', (name: string) => writeKeys(folder, name).pub, 'is a public key'],
    [
      'a P-384 key',
      (name: string) => {
        const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
        writeFileSync(join(folder, name), privateKey.export({ type: 'pkcs8', format: 'pem' }));
        return name;
      },
      'a key of this type',
    ],
    [
      'no key',
      (name: string) => {
        writeFileSync(join(folder, name), 'no key');
        return name;
      },
      'is no key in PEM',
    ],
    [
      'a key in DER',
      (name: string) => {
        writeFileSync(join(folder, name), Buffer.of(0x30, 0x81, 0xff));
        return name;
      },
      'is no key in PEM',
    ],
    ['nothing', (name: string) => name, 'there is no such file'],
  ])('is refused: %s', async (_what, make, why) => {
    expect(await bad(['sign', 'lib.so', '--key', make('it')])).toContain(why);
    expect(existsSync(`${file}.sigstore.json`)).toBe(false);
  });
});

it.each<[number, string[], string]>([
  [1, ['sign', 'none.so', '--key', 'key.pem'], 'none.so: there is no such file'],
  [1, ['verify', 'none.so', '--key', 'key.pub'], 'none.so: there is no such file'],
  [1, ['sign', 'lib.so', '--key', 'key.pem', '--output', 'none/it.json'], 'there is no such folder'],
  [1, ['sign', 'ghcr.io/acme/api@sha256:0b5f', '--key', 'key.pem'], 'what follows @ is no digest'],
  [1, ['sign', 'oci:none', '--key', 'key.pem'], 'none: no OCI layout'],
  [1, ['verify', 'oci:none', '--key', 'key.pub'], 'none: no OCI layout'],
  [2, ['sign', 'lib.so', '--key', 'key.pem', '--log', 'rekor'], '--log rekor is no address'],
  [2, ['sign', 'lib.so', 'lib.so.sigstore.json', '--key', 'key.pem'], 'is a signature: name the file'],
  [2, ['verify', 'lib.so.sigstore.json', '--key', 'key.pub'], 'is a signature: name the file'],
])('%i, %j: %s', async (status, args, why) => {
  writeKeys(folder, 'key');
  const { code, stdout, stderr } = await run(args, {}, folder);
  expect([code, stdout]).toEqual([status, '']);
  expect(stderr).toMatch(/^error: .*\n$/);
  expect(stderr).toContain(why);
  expect(readdirSync(folder).sort()).toEqual(['key.pem', 'key.pub', 'lib.so']);
});

it.each<[NodeJS.ProcessEnv, string]>([
  [{ SIGSTORE_ID_TOKEN: 'abc' }, 'the identity token: is no JWT'],
  [{ SIGSTORE_ID_TOKEN: token({}) }, 'says nothing of whose it is'],
  [{ SIGSTORE_ID_TOKEN: token({ sub: 'me', exp: 1 }) }, 'has expired'],
  [{ ACTIONS_ID_TOKEN_REQUEST_URL: 'x', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'y' }, 'is no address'],
  [{}, 'no --key, and no identity to sign by'],
])('keyless is refused by its identity before anyone is asked: %j', async (env, why) => {
  expect(await bad(['sign', 'lib.so', '--fulcio-url', 'http://127.0.0.1:9'], env)).toContain(why);
});

function token(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}

describe.skipIf(!cosign)("cosign's key", () => {
  it('signs, and what cosign signed with it is verified', async () => {
    await cosignRuns(['generate-key-pair']);
    await good(['sign', 'lib.so', '--key', 'cosign.key'], PASSWORD);
    await good(['verify', 'lib.so', '--key', 'cosign.pub']);
    await cosignRuns([
      'sign-blob',
      '--key',
      'cosign.key',
      '--use-signing-config=false',
      '--tlog-upload=false',
      '--bundle',
      'its.json',
      '-y',
      'lib.so',
    ]);
    await good(['verify', 'lib.so', '--key', 'cosign.pub', '--bundle', 'its.json']);
    expect(await bad(['sign', 'lib.so', '--key', 'cosign.key'], { COSIGN_PASSWORD: 'wrong' })).toContain(
      "can't be decrypted",
    );
  });
});

describe('verify', () => {
  let pub: string;
  const bundle = () => JSON.parse(readFileSync(`${file}.sigstore.json`, 'utf8'));
  const write = (value: object) => writeFileSync(`${file}.sigstore.json`, JSON.stringify(value));
  beforeEach(async () => {
    const keys = writeKeys(folder, 'key');
    pub = keys.pub;
    await good(['sign', 'lib.so', '--key', keys.key]);
  });
  const verify = () => ['verify', 'lib.so', '--key', pub];

  it('says what differs', async () => {
    writeFileSync(file, 'another');
    expect(await bad(verify())).toMatch(
      /lib\.so: isn't what was signed: its SHA-256 is [0-9a-f]{64}, lib\.so\.sigstore\.json is for [0-9a-f]{64}/,
    );
  });

  it.each<[string, string, (bundle: ReturnType<typeof JSON.parse>) => void]>([
    [
      'a digest that claims another algorithm',
      "its digest isn't SHA2_256",
      (it) => {
        it.messageSignature.messageDigest.algorithm = 'SHA2_512';
      },
    ],
    [
      'no digest',
      'is no Sigstore bundle',
      (it) => {
        it.messageSignature.messageDigest = {};
      },
    ],
    [
      'an envelope',
      'about a statement',
      (it) => {
        delete it.messageSignature;
        it.dsseEnvelope = {
          payload: 'e30=',
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: 'AAAA' }],
        };
      },
    ],
    [
      'both a signature and an envelope',
      'is no Sigstore bundle',
      (it) => {
        it.dsseEnvelope = {
          payload: 'e30=',
          payloadType: 'application/vnd.in-toto+json',
          signatures: [{ sig: 'AAAA' }],
        };
      },
    ],
    [
      'a field that nobody knows',
      'a field that no bundle has',
      (it) => {
        it.comment = 'mine';
      },
    ],
    [
      'another version',
      'its mediaType is',
      (it) => {
        it.mediaType = 'application/vnd.dev.sigstore.bundle.v0.4+json';
      },
    ],
    [
      'no hint of the key, and another signature',
      "its signature isn't one by this key",
      (it) => {
        it.verificationMaterial.publicKey = {};
        it.messageSignature.signature = randomBytes(70).toString('base64');
      },
    ],
    [
      'an empty signature',
      'is no Sigstore bundle',
      (it) => {
        it.messageSignature.signature = '';
      },
    ],
    [
      'a certificate',
      'is by a certificate',
      (it) => {
        it.verificationMaterial = { certificate: { rawBytes: 'AAAA' } };
      },
    ],
  ])('refuses %s', async (_what, why, change) => {
    const changed = bundle();
    change(changed);
    write(changed);
    expect(await bad(verify())).toContain(why);
  });

  it('writes nothing to the terminal that a bundle has made up', async () => {
    const changed = bundle();
    changed.verificationMaterial.publicKey.hint = '\u001b[2J\nlib.so: signed by the key\u2028\u009b';
    write(changed);
    const said = await bad(verify());
    expect(said).toContain('by ?[2J?lib.so: signed by the key??,');
  });

  it('refuses a key twice', async () => {
    const text = readFileSync(`${file}.sigstore.json`, 'utf8');
    writeFileSync(
      `${file}.sigstore.json`,
      text.replace('"messageSignature":', '"messageSignature":{},"messageSignature":'),
    );
    expect(await bad(verify())).toContain('a key twice');
  });

  it.each<KeyType>(['rsa', 'ed25519'])('refuses a key of another type: %s', async (type) => {
    const changed = bundle();
    changed.verificationMaterial.publicKey = {};
    write(changed);
    const other = writeKeys(folder, 'other', type);
    expect(await bad(['verify', 'lib.so', '--key', other.pub])).toContain(
      "its signature isn't one by this key",
    );
  });

  it('refuses the deep, the large and what is no file', async () => {
    writeFileSync(`${file}.sigstore.json`, '['.repeat(500_000));
    expect(await bad(verify())).toContain('is no Sigstore bundle');
    writeFileSync(`${file}.sigstore.json`, `${'['.repeat(200_000)}${']'.repeat(200_000)}`);
    expect(await bad(verify())).toContain('is no Sigstore bundle');
    truncateSync(`${file}.sigstore.json`, 3 << 20);
    expect(await bad(verify())).toContain('is over 1048576 bytes');
    expect(await bad(['verify', '.', '--key', pub, '--bundle', 'lib.so.sigstore.json'])).toContain('is over');
    expect(await bad(['verify', 'lib.so', '--key', '.'])).toContain('is no file');
  });

  it('takes an empty file, one through a link, and 100 MB without holding them', async () => {
    writeFileSync(join(folder, 'empty'), '');
    mkdirSync(join(folder, 'sub'));
    symlinkSync('../lib.so', join(folder, 'sub/link.so'));
    writeFileSync(join(folder, 'large'), '');
    truncateSync(join(folder, 'large'), 100 << 20);
    const files = ['empty', 'sub/link.so', 'large'];
    const held = { NODE_OPTIONS: '--max-old-space-size=40' };
    await good(['sign', ...files, '--key', join(folder, 'key.pem')], held);
    expect((await good(['verify', ...files, '--key', pub], held)).split('\n')).toHaveLength(4);
    expect(existsSync(join(folder, 'sub/link.so.sigstore.json'))).toBe(true);
  });

  it('goes on after one that is bad, and its status says so', async () => {
    writeFileSync(join(folder, 'unsigned'), 'x');
    const { code, stdout, stderr } = await run(['verify', 'unsigned', 'lib.so', '--key', pub], {}, folder);
    expect([code, stdout, stderr]).toEqual([
      1,
      expect.stringMatching(/^lib\.so: signed/),
      "error: unsigned: isn't signed: there is no unsigned.sigstore.json\n",
    ]);
  });

  it.each([
    [['verify', 'lib.so'], 'signed by whom?'],
    [['verify', '--key', 'k'], 'verify which file?'],
    [['verify', 'lib.so', '--certificate-identity', 'me'], 'only together with who vouches'],
    [['verify', 'lib.so', '--key', 'k', '--certificate-identity', 'me'], 'signed by whom?'],
    [['sign'], 'sign which file?'],
    [['sign', 'lib.so', '--attest', 'x', '--type', 'spdx', '--key', 'k'], 'about images'],
  ])('%j is wrong usage', async (args, why) => {
    const { code, stderr } = await run(args, {}, folder);
    expect([code, stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});

describe.skipIf(!rekor)('a log', () => {
  let log: Log;
  beforeAll(async () => {
    log = await startLog(rekor ?? '');
  });
  afterAll(() => log?.close());

  it.each<KeyType>(['ec', 'rsa'])(
    'has the signature of an %s key, and each verifies what the other made',
    async (type) => {
      const { key, pub } = writeKeys(folder, 'key', type);
      const trust = ['--key', pub, '--trusted-root', log.trustedRoot];
      const [, index] =
        /, entry (\d+) of http/.exec(await good(['sign', 'lib.so', '--key', key, '--log', log.url])) ?? [];
      expect(await good(['verify', 'lib.so', ...trust])).toBe(
        `lib.so: signed by the key ${pub}; entry ${index} of the log ${log.url}, verified\n`,
      );
      if (!cosign) return;
      await cosignRuns(['verify-blob', ...trust, '--bundle', 'lib.so.sigstore.json', 'lib.so']);
      writeFileSync(join(folder, 'its.so'), randomBytes(1000)); // a log has the same RSA signature once
      await cosignRuns(['import-key-pair', '--key', key, '--output-key-prefix', 'its', '-y']);
      await cosignRuns([
        'sign-blob',
        '--key',
        'its.key',
        '--signing-config',
        log.signingConfig,
        '--bundle',
        'its.json',
        '-y',
        'its.so',
      ]);
      expect(await good(['verify', 'its.so', ...trust, '--bundle', 'its.json'])).toContain(
        `of the log ${log.url}, verified`,
      );
    },
  );

  it('is never said to have what nobody checked', async () => {
    const { key, pub } = writeKeys(folder, 'key');
    await good(['sign', 'lib.so', '--key', key, '--log', log.url]);
    expect(await bad(['verify', 'lib.so', '--key', pub])).toContain("give the log's with --trusted-root");
    expect(await good(['verify', 'lib.so', '--key', pub, '--insecure-ignore-tlog'])).toBe(
      `lib.so: signed by the key ${pub}; what its bundle says of a log was NOT verified\n`,
    );
    const other = await startLog(rekor ?? '');
    await other.close();
    expect(await bad(['verify', 'lib.so', '--key', pub, '--trusted-root', other.trustedRoot])).toContain(
      "a log that the trusted root doesn't have",
    );
    const bundle = JSON.parse(readFileSync(`${file}.sigstore.json`, 'utf8'));
    const { tlogEntries } = bundle.verificationMaterial;
    tlogEntries.push(tlogEntries[0]);
    writeFileSync(`${file}.sigstore.json`, JSON.stringify(bundle));
    expect(await bad(['verify', 'lib.so', '--key', pub, '--trusted-root', log.trustedRoot])).toContain(
      'it has 2 log entries',
    );
    await good(['sign', 'lib.so', '--key', key]);
    expect(await bad(['verify', 'lib.so', '--key', pub, '--trusted-root', log.trustedRoot])).toContain(
      'it has no entry of a log',
    );
  });

  it('refuses what it can’t take, and nothing is written then', async () => {
    const { key } = writeKeys(folder, 'key', 'ed25519');
    expect(await bad(['sign', 'lib.so', '--key', key, '--log', log.url])).toContain('is an Ed25519 key');
    const ec = writeKeys(folder, 'ec');
    expect(await bad(['sign', 'lib.so', '--key', ec.key, '--log', 'http://127.0.0.1:1'])).toContain(
      'fetch failed',
    );
    expect(existsSync(`${file}.sigstore.json`)).toBe(false);
  });
});

const module_ = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib64/pkcs11/libsofthsm2.so'].find((path) =>
  existsSync(path),
);
const hasTools = ['/usr/bin/pkcs11-tool', '/usr/bin/softhsm2-util'].every((path) => existsSync(path));
if (!module_ || !hasTools)
  process.stderr.write('softhsm2 or opensc is missing; what needs a token is skipped\n');

describe.skipIf(!module_ || !hasTools)('a token', () => {
  let env: NodeJS.ProcessEnv;
  const token = (...args: string[]) =>
    execFileSync('pkcs11-tool', ['--module', module_ ?? '', '--token-label', 't', ...args], {
      env: { ...process.env, ...env },
      stdio: 'pipe',
    });
  beforeEach(() => {
    const home = temporaryFolder();
    writeFileSync(join(home, 'softhsm2.conf'), `directories.tokendir = ${home}\n`);
    env = { SOFTHSM2_CONF: join(home, 'softhsm2.conf') };
    execFileSync(
      'softhsm2-util',
      ['--init-token', '--free', '--label', 't', '--so-pin', '1234', '--pin', '5678'],
      { env: { ...process.env, ...env }, stdio: 'pipe' },
    );
    for (const [type, label, id] of [
      ['EC:prime256v1', 'ec', '01'],
      ['rsa:2048', 'rsa key', '02'],
    ])
      token('--login', '--pin', '5678', '--keypairgen', '--key-type', type, '--label', label, '--id', id);
  });
  const publicKey = (id: string): string => {
    const pub = join(folder, `${id}.pub`);
    const der = token('--read-object', '--type', 'pubkey', '--id', id);
    writeFileSync(pub, execFileSync('openssl', ['pkey', '-pubin', '-inform', 'der'], { input: der }));
    return pub;
  };

  it.each([
    ['object=ec', '01'],
    ['object=rsa%20key', '02'],
    ['id=%02;type=private', '02'],
  ])('signs with %s', async (which, id) => {
    writeFileSync(join(folder, 'pin'), '5678\n');
    const uri = `pkcs11:token=t;${which}?module-path=${module_}&pin-source=file:${join(folder, 'pin')}`;
    await good(['sign', 'lib.so', '--key', uri], env);
    await good(['verify', 'lib.so', '--key', publicKey(id)]);
    if (!cosign) return;
    const args = ['verify-blob', '--insecure-ignore-tlog', '--bundle', 'lib.so.sigstore.json', 'lib.so'];
    expect((await cosignRuns([...args, '--key', publicKey(id)])).stderr).toContain('Verified OK');
  });

  it.each<[string, NodeJS.ProcessEnv, string]>([
    ['token=t;object=ec', {}, 'COSIGN_PKCS11_PIN'],
    ['token=t;object=ec', { COSIGN_PKCS11_PIN: '1111' }, 'CKR_PIN_INCORRECT'],
    ['token=t;object=none', { COSIGN_PKCS11_PIN: '5678' }, 'no such private key'],
    ['token=u;object=ec', { COSIGN_PKCS11_PIN: '5678' }, 'No slot with token named'],
    ['token=t', { COSIGN_PKCS11_PIN: '5678' }, 'which key?'],
    ['token=t;object=ec;color=red', { COSIGN_PKCS11_PIN: '5678' }, "color isn't known"],
    ['token=t;object=ec?pin-value=5678', {}, 'can be read by all'],
  ])('%s is refused', async (which, more, why) => {
    const uri = `pkcs11:${which}`;
    const said = await bad(['sign', 'lib.so', '--key', uri], {
      ...env,
      COSIGN_PKCS11_MODULE_PATH: module_,
      ...more,
    });
    expect(said).toContain(why);
    if (!which.includes('5678')) expect(said).not.toContain('5678');
  });
});
