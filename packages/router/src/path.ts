import type { Head } from './head.ts';

const slash = 0x2f;
const colon = 0x3a;
export const questionMark = 0x3f;

/**
 * Where the path begins in the head's bytes; it ends before the first `?` or with the target. An absolute-form
 * target (RFC 9112, 3.2.2) begins with a scheme and an authority; -1 when no path follows these, which counts as `/`.
 */
export function pathStart(head: Head): number {
  const { bytes, targetStart, targetLength } = head;
  const authority = authorityStart(head);
  if (authority === -1) return targetStart;
  const at = authorityEnd(head, authority);
  return at < targetStart + targetLength && bytes[at] === slash ? at : -1;
}

/** Where the authority of an absolute-form target begins in the head's bytes, or -1. */
export function authorityStart({ bytes, targetStart, targetLength }: Head): number {
  const end = targetStart + targetLength;
  let at = targetStart;
  while (at < end && isSchemeByte(bytes[at]!)) at++;
  const absolute =
    at > targetStart &&
    at + 2 < end &&
    bytes[at] === colon &&
    bytes[at + 1] === slash &&
    bytes[at + 2] === slash;
  return absolute ? at + 3 : -1;
}

/** Where it ends. */
export function authorityEnd({ bytes, targetStart, targetLength }: Head, start: number): number {
  const end = targetStart + targetLength;
  let at = start;
  while (at < end && bytes[at] !== slash && bytes[at] !== questionMark) at++;
  return at;
}

/** A letter, a digit, `+`, `-` or `.`. */
function isSchemeByte(byte: number): boolean {
  const letter = byte | 0x20;
  return (
    (letter >= 0x61 && letter <= 0x7a) ||
    (byte >= 0x30 && byte <= 0x39) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
