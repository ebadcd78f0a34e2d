// Whoever has a key and signs with it: a file's key, one in a token, one made for this moment.
import { createHash, createPublicKey, createSign, type KeyObject, sign } from 'node:crypto';
import { derOf, kindOf } from './keys.ts';
import type { Sink } from './read.ts';

/** A signature in the making: gets all pieces, then is asked for once. */
export interface Signing extends Sink {
  end(): Promise<Buffer>;
}

export interface Signer {
  /** What to call the key in messages. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** DER, if the key is known by a certificate. */
  readonly certificate: Buffer | null;
  begin(): Signing;
}

/** Signs with a key that is in memory. Throws FL_SIGNATURE. */
export function createKeySigner(key: KeyObject, name: string, certificate: Buffer | null = null): Signer {
  const publicKey = createPublicKey(key);
  const whole = kindOf(key, name) === 'ed25519';
  return {
    name,
    publicKey,
    certificate,
    begin() {
      if (!whole) {
        const made = createSign('sha256');
        return { update: (piece) => made.update(piece), end: async () => made.sign(key) };
      }
      const pieces: Buffer[] = [];
      return {
        update: (piece) => pieces.push(Buffer.from(piece)),
        end: async () => sign(null, Buffer.concat(pieces), key),
      };
    },
  };
}

/** Signs with what takes a SHA-256: a token. */
export function createDigestSigner(
  publicKey: KeyObject,
  name: string,
  signDigest: (digest: Buffer) => Promise<Buffer>,
): Signer {
  return {
    name,
    publicKey,
    certificate: null,
    begin() {
      const hash = createHash('sha256');
      return { update: (piece) => hash.update(piece), end: () => signDigest(hash.digest()) };
    },
  };
}

/** What of the signer a bundle and a log have: its certificate, else its public key. DER. */
export const verifierOf = ({ certificate, publicKey }: Signer): Buffer => certificate ?? derOf(publicKey);
