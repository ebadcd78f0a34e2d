import { createHash, type Hash } from 'node:crypto';

const LENGTHS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** «sha256:…» or «sha512:…» in full, in lower case: the algorithms that the specification registers. */
export function isDigest(text: string): boolean {
  const [algorithm, hex, ...rest] = text.split(':');
  return rest.length === 0 && Object.hasOwn(LENGTHS, algorithm) && isHex(hex ?? '', LENGTHS[algorithm]);
}

const isHex = (text: string, length: number): boolean => text.length === length && /^[0-9a-f]*$/.test(text);

export const algorithmOf = (digest: string): string => digest.slice(0, digest.indexOf(':'));
export const hexOf = (digest: string): string => digest.slice(digest.indexOf(':') + 1);

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Whether the bytes are those that the digest names. */
export function fits(digest: string, bytes: Uint8Array): boolean {
  return hasherFor(digest).update(bytes).digest('hex') === hexOf(digest);
}

/** Throws when it is no digest that isDigest takes. */
export function hasherFor(digest: string): Hash {
  return createHash(algorithmOf(digest));
}
