// What node:http's parser refuses, in our words.

/** Above our own limits (validate.ts), so that we say which one was broken. */
export const PARSER_HEADER_MAX: number = 64 << 10;

/** What node:http tells of a request that it can't go on with. */
export interface ClientError extends NodeJS.ErrnoException {
  /** The bytes in which the parser stopped. */
  rawPacket?: Buffer;
}

/** The status to answer with; 0: the connection itself is broken, and nobody reads an answer. */
export function statusOf({ code, rawPacket }: ClientError): number {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (!code?.startsWith('HPE_')) return 0;
  if (code !== 'HPE_HEADER_OVERFLOW') return 400;
  return isTarget(rawPacket?.toString('latin1') ?? '') ? 414 : 431;
}

/**
 * True when it was the target that grew too long. node:http reads no more than the limit at a time, so the packet holds
 * its end, or nothing but a part of it; the middle of a field's value without a blank for that long looks the same.
 */
function isTarget(packet: string): boolean {
  return /^[^ \r\n]+(?: HTTP\/|$)/.test(packet);
}
