import { createHash, type Hash } from 'node:crypto';

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
