// Signing without a key of one's own. Sigstore's public services are stood in for (support/sigstore.ts); cosign verifies what comes of it.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startLog } from '../support/log.ts';
import { run, temporaryFolder } from '../support/server.ts';
import { type SigstoreStandIn, startSigstore } from '../support/sigstore.ts';
import { goTool } from '../support/tools.ts';

const cosign = await goTool('cosign');
const rekor = await goTool('rekor-tiles');

const ISSUER = 'https://token.actions.githubusercontent.com';
const WHO = 'https://github.com/acme/api/.github/workflows/release.yml@refs/tags/v1';

let sigstore: SigstoreStandIn;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  sigstore = await startSigstore();
});
afterAll(() => sigstore.close());
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, 'lib.so'), 'a library');
  env = sigstore.jobOf(WHO, ISSUER);
});

const sign = (...more: string[]) =>
  run(['sign', 'lib.so', '--fulcio-url', sigstore.url, '--log', sigstore.url, ...more], env, folder);
const verify = (...args: string[]) =>
  run(['verify', 'lib.so', '--trusted-root', sigstore.trustedRoot, ...args], {}, folder);
const IDENTITY = ['--certificate-identity', WHO, '--certificate-oidc-issuer', ISSUER];

it("signs as the CI's job, and says who that is", async () => {
  sigstore.asked.length = 0;
  expect(await sign()).toMatchObject({ code: 0, stderr: '' });
  expect(sigstore.asked).toEqual([
    '/token',
    '/api/v2/signingCert',
    '/api/v2/log/entries',
    '/api/v1/log/entries',
  ]);
  const { stdout, stderr } = await verify(...IDENTITY);
  expect(stderr).toBe('');
  expect(stdout).toMatch(`lib.so: signed by ${WHO}, for whom ${ISSUER} vouched; entry `);
  expect(stdout).toContain(` of the log ${sigstore.url}, verified\n`);
  expect(
    await verify(
      '--certificate-identity-regexp',
      '^https://github\\.com/acme/',
      '--certificate-oidc-issuer-regexp',
      '^https://token\\.',
    ),
  ).toMatchObject({ code: 0 });
  if (!cosign) return;
  const args = [
    'verify-blob',
    '--bundle',
    'lib.so.sigstore.json',
    '--trusted-root',
    sigstore.trustedRoot,
    ...IDENTITY,
    'lib.so',
  ];
  expect((await promisify(execFile)(cosign, args, { cwd: folder })).stderr).toContain('Verified OK');
});

it('has the signature timestamped', async () => {
  expect(await sign('--timestamp-server-url', sigstore.timestampUrl)).toMatchObject({ code: 0, stderr: '' });
  const bundle = JSON.parse(readFileSync(join(folder, 'lib.so.sigstore.json'), 'utf8'));
  expect(bundle.verificationMaterial.timestampVerificationData.rfc3161Timestamps).toHaveLength(1);
  expect(await verify(...IDENTITY)).toMatchObject({ code: 0, stderr: '' });
});

it.skipIf(!rekor)('with a real Rekor 2, which signs no time, a timestamp says when', async () => {
  const log = await startLog(rekor ?? '');
  try {
    const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
    const root = { ...read(sigstore.trustedRoot), tlogs: read(log.trustedRoot).tlogs };
    writeFileSync(join(folder, 'root.json'), JSON.stringify(root));
    const signing = ['sign', 'lib.so', '--fulcio-url', sigstore.url, '--log', log.url];
    const verifying = ['verify', 'lib.so', '--trusted-root', 'root.json', ...IDENTITY];
    expect(await run(signing, env, folder)).toMatchObject({ code: 0, stderr: '' });
    const untimed = await run(verifying, {}, folder);
    expect([untimed.code, untimed.stderr]).toEqual([
      1,
      expect.stringContaining('expected 1 timestamps, got 0'),
    ]);
    const timed = [...signing, '--timestamp-server-url', sigstore.timestampUrl];
    expect(await run(timed, env, folder)).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout, stderr } = await run(verifying, {}, folder);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain(` of the log ${log.url}, verified`);
    if (!cosign) return;
    const args = ['verify-blob', '--bundle', 'lib.so.sigstore.json', '--trusted-root', 'root.json'];
    args.push('--use-signed-timestamps', ...IDENTITY, 'lib.so');
    expect((await promisify(execFile)(cosign, args, { cwd: folder })).stderr).toContain('Verified OK');
  } finally {
    await log.close();
  }
});

it.each([
  ['another workflow', ['--certificate-identity', `${WHO}x`, '--certificate-oidc-issuer', ISSUER], 'not by'],
  [
    'another issuer',
    ['--certificate-identity', WHO, '--certificate-oidc-issuer', 'https://example.org'],
    'was vouched for by',
  ],
  [
    'an expression that fits no part',
    ['--certificate-identity-regexp', '^acme', '--certificate-oidc-issuer', ISSUER],
    'not by',
  ],
])('is refused for %s', async (_what, args, why) => {
  await sign();
  const { code, stdout, stderr } = await verify(...args);
  expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(why)]);
});

it('is refused with the root of another instance, and with that of the public one', async () => {
  await sign();
  const other = await startSigstore();
  await other.close();
  const { code, stderr } = await run(
    ['verify', 'lib.so', '--trusted-root', other.trustedRoot, ...IDENTITY],
    {},
    folder,
  );
  expect([code, stderr]).toEqual([1, expect.stringContaining("a log that the trusted root doesn't have")]);
  expect(await run(['verify', 'lib.so', ...IDENTITY], {}, folder)).toMatchObject({ code: 1 });
});

it('is refused with any byte of its bundle altered', async () => {
  await sign();
  const { readTrustedRoot, verifyFile } = await import('@flexilib/signing');
  const trust = {
    signer: { subject: WHO, issuer: ISSUER },
    root: await readTrustedRoot(sigstore.trustedRoot),
    ignoreLog: false,
  };
  const path = join(folder, 'lib.so');
  const changed = join(folder, 'changed.json');
  const bytes = readFileSync(`${path}.sigstore.json`);
  await verifyFile(path, trust);
  const taken: string[] = [];
  for (let at = 0; at < bytes.length - 1; at++) {
    // after the last brace only white space is free
    const flipped = Buffer.from(bytes);
    flipped[at] ^= 1;
    writeFileSync(changed, flipped);
    await verifyFile(path, trust, changed).then(
      () => taken.push(`${at}: ${flipped.subarray(at - 40, at + 20)}`),
      () => {},
    );
  }
  expect(taken).toEqual([]);
}, 120_000);

it('needs an identity, and says where it comes from', async () => {
  env = { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '', SIGSTORE_ID_TOKEN: '' };
  expect(await sign()).toMatchObject({ code: 1, stderr: expect.stringContaining('id-token: write') });
  env = { ...sigstore.jobOf(WHO, ISSUER), ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'wrong' };
  const { code, stderr } = await sign();
  expect([code, stderr]).toEqual([1, expect.stringContaining('answered 401')]);
  expect(stderr).not.toContain('wrong');
  expect(existsSync(join(folder, 'lib.so.sigstore.json'))).toBe(false);
});
