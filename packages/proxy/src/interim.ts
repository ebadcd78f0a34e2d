// Answers before the answer: 1xx (RFC 9110, 15.2).
import { isHopByHop, isSound, namedByConnection } from './fields.ts';

/** The head of a 1xx as it goes on to the client, as Latin-1; without fields of the connection. */
export function interimHead(status: number, reason: string, rawHeaders: readonly string[]): string {
  const named = namedByConnection(rawHeaders);
  let head = `HTTP/1.1 ${status} ${soundReason(reason)}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    const value = rawHeaders[i + 1]!;
    const lower = name.toLowerCase();
    if (lower !== 'content-length' && !isHopByHop(lower, named) && isSound(name, value))
      head += `${name}: ${value}\r\n`;
  }
  return `${head}\r\n`;
}

/** A reason phrase without what RFC 9112, 4 doesn't allow in one. */
export function soundReason(reason: string): string {
  return reason.replace(/[^\t\x20-\x7e\x80-\xff]/g, '');
}
