// The keys that sign: ECDSA P-256, RSA (PKCS #1 v1.5) and Ed25519, all with SHA-256 as the file's digest.
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { openCosignKey } from './cosign-key.ts';
import { readSmall } from './read.ts';
import { messageOf, trouble } from './trouble.ts';

export type KeyKind = 'ecdsa' | 'rsa' | 'ed25519';

const KEY_BYTES = 64 << 10;
const NO_PEM = 'is no key in PEM; `openssl pkey -inform der` makes one of DER';

/** Throws FL_SIGNATURE; name: where the key is from. */
export function kindOf(key: KeyObject, name: string): KeyKind {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type === 'ec' && details.namedCurve === 'prime256v1') return 'ecdsa';
  if (type === 'ed25519') return 'ed25519';
  const bits = details.modulusLength ?? 0;
  if (type === 'rsa' && bits >= 2048 && bits <= 4096) return 'rsa';
  const what = [type, details.namedCurve ?? (bits || '')].join(' ').trim();
  throw trouble(
    name,
    `a key of this type can't be used (${what}): ECDSA P-256, Ed25519 or RSA of 2048 to 4096 bits can`,
  );
}

/** SubjectPublicKeyInfo. */
export const derOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

/** What Sigstore calls a key by in a bundle: the hash of its SubjectPublicKeyInfo. */
export const hintOf = (key: KeyObject): string => createHash('sha256').update(derOf(key)).digest('base64');

/** Sigstore's PublicKeyDetails. */
export function detailsOf(key: KeyObject, kind: KeyKind): string {
  if (kind === 'ecdsa') return 'PKIX_ECDSA_P256_SHA_256';
  if (kind === 'ed25519') return 'PKIX_ED25519';
  return `PKIX_RSA_PKCS1V15_${key.asymmetricKeyDetails?.modulusLength}_SHA256`;
}

/** A public key of a PEM file. Throws FL_SIGNATURE. */
export async function readPublicKey(path: string): Promise<KeyObject> {
  const text = await readKey(path);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
    throw trouble(path, `is a private key; verifying needs the public one: openssl pkey -in ${path} -pubout`);
  if (!text.includes('-----BEGIN PUBLIC KEY-----')) throw trouble(path, 'is no public key in PEM');
  try {
    const key = createPublicKey(text);
    kindOf(key, path);
    return key;
  } catch (error) {
    throw wrap(path, error);
  }
}

/** A private key of a PEM file, or of cosign's. Throws FL_SIGNATURE. */
export async function readPrivateKey(path: string, password: string | undefined): Promise<KeyObject> {
  const text = await readKey(path);
  if (text.includes('-----BEGIN PUBLIC KEY-----'))
    throw trouble(path, 'is a public key; signing needs the private one');
  if (!text.includes('-----BEGIN ')) throw trouble(path, NO_PEM);
  const encrypted = /BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text);
  if (encrypted && password === undefined)
    throw trouble(path, 'the key is encrypted; give its password in COSIGN_PASSWORD');
  try {
    const key = /BEGIN ENCRYPTED (SIGSTORE|COSIGN) PRIVATE KEY/.test(text)
      ? await openCosignKey(text, password as string)
      : createPrivateKey({ key: text, ...(encrypted && { passphrase: password }) });
    kindOf(key, path);
    return key;
  } catch (error) {
    if (encrypted && !(error instanceof Error && error.name === 'FlexilibError'))
      throw trouble(
        path,
        `can't be decrypted with the password in COSIGN_PASSWORD: ${messageOf(error)}`,
        error,
      );
    throw wrap(path, error);
  }
}

async function readKey(path: string): Promise<string> {
  const text = await readSmall(path, KEY_BYTES).catch((error) => {
    throw error.cause instanceof TypeError ? trouble(path, NO_PEM, error) : error; // no text at all
  });
  if (text === null) throw trouble(path, 'there is no such file');
  return text;
}

const wrap = (path: string, error: unknown): Error =>
  error instanceof Error && error.name === 'FlexilibError'
    ? error
    : trouble(path, `is no key that can be read: ${messageOf(error)}`, error);
