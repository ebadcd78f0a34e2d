// The number that a request's backend depends on, where the balance is a hash.
import { fieldValue } from './fields.ts';
import type { Balance } from './spec.ts';

/** More cookies than these aren't looked at. */
const COOKIES_MAX = 200;

/** 32 bits, well mixed, of a text's characters, which must be Latin-1: FNV-1a, then murmur3's finalizer. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193);
  return mix(hash);
}

/** Spreads 32 bits over all of 32 bits. */
export function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What Group.begin asks for: of the client's address where the request has no such header or cookie; 0 for other balances. */
export function hashOf(balance: Balance, client: string, rawHeaders: readonly string[]): number {
  switch (balance.kind) {
    case 'ip-hash':
      return hashText(client);
    case 'header-hash':
      return hashText(fieldValue(rawHeaders, balance.name.toLowerCase()) ?? client);
    case 'cookie-hash':
      return hashText(cookieValue(rawHeaders, balance.name) ?? client);
    default:
      return 0;
  }
}

/** The value of the first cookie with this name, as it is written (RFC 6265, 4.2.1). */
export function cookieValue(rawHeaders: readonly string[], name: string): string | undefined {
  let left = COOKIES_MAX;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i]!.length !== 6 || rawHeaders[i]!.toLowerCase() !== 'cookie') continue;
    const text = rawHeaders[i + 1]!;
    for (let at = 0; at < text.length && left > 0; left--) {
      const semicolon = text.indexOf(';', at);
      const end = semicolon === -1 ? text.length : semicolon;
      while (at < end && isBlank(text.charCodeAt(at))) at++;
      if (text.startsWith(name, at) && text.charCodeAt(at + name.length) === 0x3d) {
        return text.slice(at + name.length + 1, end).replace(/[ \t]+$/, '');
      }
      at = end + 1;
    }
  }
  return undefined;
}

const isBlank = (char: number): boolean => char === 0x20 || char === 0x09;
