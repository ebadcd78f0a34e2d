// Files that somebody has made to do harm.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, MediaType, openLayout } from '@flexilib/oci';
import { afterAll, expect, it } from 'vitest';
import {
  createKeylessSigner,
  openImage,
  readPrivateKey,
  readPublicKey,
  verifyFile,
  verifyImage,
} from '../src/index.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const folder = mkdtempSync(join(tmpdir(), 'flexilib-hostile-'));
afterAll(() => rmSync(folder, { recursive: true }));

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was wrong',
    (error: Error) => error.message,
  );

it('writes no lines of their own into ours', async () => {
  const bundle = JSON.parse(readFileSync(fixture('lib.sigstore.json'), 'utf8'));
  bundle.verificationMaterial.publicKey.hint = `x\n\u001b[2K\u009b2Klib: signed by the key key.pub${'y'.repeat(9000)}`;
  const path = join(folder, 'bundle');
  writeFileSync(path, JSON.stringify(bundle));
  const signer = { key: await readPublicKey(fixture('key.pub')), name: 'key.pub' };
  const message = await messageOf(verifyFile(fixture('lib'), { signer, root: null, ignoreLog: true }, path));
  expect(message).toMatch(/^\P{Cc}+$/u);
  expect(message).toContain('is by another key than key.pub: by x??[2K?2Klib');
  expect(message.length).toBeLessThan(3000);
});

it.each([
  [16384, 8, 256],
  [2, 1, 2 ** 22],
  ['a lot', 8, 1],
])('lets no key file of cosign take scrypt(%s, %s, %s)', async (N, r, p) => {
  const box = {
    kdf: { name: 'scrypt', params: { N, r, p }, salt: 'AAAA' },
    cipher: { name: 'nacl/secretbox', nonce: Buffer.alloc(24).toString('base64') },
    ciphertext: Buffer.alloc(64).toString('base64'),
  };
  const path = join(folder, 'cosign.key');
  const inner = Buffer.from(JSON.stringify(box)).toString('base64');
  const name = 'ENCRYPTED SIGSTORE PRIVATE KEY';
  writeFileSync(path, `-----BEGIN ${name}-----\n${inner}\n-----END ${name}-----\n`);
  expect(await messageOf(readPrivateKey(path, 'secret'))).toContain('its scrypt would take too long');
});

it('follows no index of indexes without end', async () => {
  const layout = openLayout(join(folder, 'layout'));
  const put = (manifests: Descriptor[]) =>
    layout.putManifest(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), MediaType.index);
  let last = await put([]);
  for (let depth = 0; depth < 6; depth++) last = await put([last]);
  const signer = { key: await readPublicKey(fixture('key.pub')), name: 'key.pub' };
  const image = await openImage(`oci:${join(folder, 'layout')}@${last.digest}`, false);
  expect(await messageOf(verifyImage(image, { signer, root: null, ignoreLog: true }))).toContain(
    'an index of indexes of indexes, or one without end',
  );
});

it.each(['http://fulcio.example.com', 'http://127.0.0.1.example.com', 'fulcio'])(
  'sends no identity in the clear to %s',
  async (url) => {
    const signing = createKeylessSigner(url, { SIGSTORE_ID_TOKEN: 'x.eyJzdWIiOiJ4In0.x' });
    expect(await messageOf(signing)).toContain(`${url}: no https:// address`);
  },
);
