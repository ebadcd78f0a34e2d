import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Fault, Outcome } from './diagnostic.ts';

export interface Authority {
  /** In lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** Reads `host`, `host:port`, `[::1]`, `[::1]:port`. */
export function parseAuthority(text: string): Outcome<Authority> {
  const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(.*))?$/s.exec(text) ?? [
    text,
    undefined,
    text,
  ];
  if (bracketed === undefined && /^\[|:.*:/s.test(text)) {
    const hint = 'write `[::1]`, or `[::1]:80` with a port';
    return { fault: { message: 'an IPv6 address stands in brackets', hint } };
  }
  const fault = bracketed === undefined ? hostFault(plain) : addressFault(bracketed);
  if (fault) return { fault };
  const host = (bracketed ?? plain).toLowerCase();
  if (port === undefined) return { value: { host, port } };
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 65535) return { value: { host, port: number } };
  const message = port === '' ? 'there is no port after the `:`' : `\`${port}\` is no port`;
  return { fault: { message, hint: 'write a whole number from 1 to 65535' } };
}

/** What is wrong with a host name (RFC 1123, and underscores, which some have) or IPv4 address. */
export function hostFault(name: string): Fault | undefined {
  if (isIPv4(name)) return undefined;
  if (name === '') return { message: 'there is no host', hint: 'write its name or address' };
  const hint = 'names have letters, digits, `-`, `_` and dots';
  if (/[^\x20-\x7e]/.test(name)) {
    const ascii = domainToASCII(name);
    return { message: `\`${name}\` is not ASCII`, hint: ascii ? `write \`${ascii}\`` : hint };
  }
  const labels = name.split('.');
  if (/^\d+$/.test(labels.at(-1)!)) {
    return { message: `\`${name}\` is no IPv4 address`, hint: 'write four numbers up to 255' };
  }
  const good = (label: string) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label);
  if (name.length <= 253 && labels.every(good)) return undefined;
  return { message: `\`${name}\` is no host name`, hint };
}

function addressFault(text: string): Fault | undefined {
  if (isIPv6(text) && !text.includes('%')) return undefined;
  return { message: `\`${text}\` is no IPv6 address`, hint: 'write one like `[2001:db8::7]`' };
}
