import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * Whether a request names this machine as its author would. Under another name it may be a page from elsewhere, whose
 * own name leads here by now (DNS rebinding): it gets what a server answers, and none of the sources.
 */
export function isLocal({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  return isIP(name.replace(/^\[|\]$/g, '')) !== 0 || name === process.env.HOST?.toLowerCase();
}
