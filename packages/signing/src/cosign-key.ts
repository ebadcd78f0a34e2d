// cosign's own key file: PKCS #8 in a NaCl secretbox, its key made of a password by scrypt.
import { createPrivateKey, type KeyObject, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa';

const KEY_BYTES = 32;
const MEMORY = 512 << 20; // what a key file may ask for; cosign's 65536 needs 64 MiB
const WORK = 1 << 22; // eight times cosign's: some seconds

interface Box {
  kdf: { name: string; params: { N: number; r: number; p: number }; salt: string };
  cipher: { name: string; nonce: string };
  ciphertext: string;
}

/** text: PEM. Throws if the password is wrong, or the file is. */
export async function openCosignKey(text: string, password: string): Promise<KeyObject> {
  const inner = text.replace(/-----[^-]+-----/g, '');
  const { kdf, cipher, ciphertext }: Box = JSON.parse(Buffer.from(inner, 'base64').toString());
  if (kdf.name !== 'scrypt' || cipher.name !== 'nacl/secretbox')
    throw new Error(`${kdf.name} and ${cipher.name} aren't known here`);
  const { N, r, p } = kdf.params;
  if (!(N * r * p <= WORK)) throw new Error('its scrypt would take too long');
  const derive = promisify<string, Buffer, number, object, Buffer>(scrypt);
  const key = await derive(password, Buffer.from(kdf.salt, 'base64'), KEY_BYTES, { N, r, p, maxmem: MEMORY });
  const box = xsalsa20poly1305(key, Buffer.from(cipher.nonce, 'base64'));
  const der = Buffer.from(box.decrypt(Buffer.from(ciphertext, 'base64')));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}
