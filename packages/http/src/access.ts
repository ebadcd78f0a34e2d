/** What a request line of the log tells. Times are milliseconds since the head was complete. */
export interface AccessRecord {
  remoteAddress: string;
  remotePort: number;
  /** «GET / HTTP/1.1» as sent, or null when it could not be parsed. */
  requestLine: string | null;
  status: number;
  /** To the executor's return. */
  ttfb: number;
  /** Bytes of the body that were sent. */
  bytes: number;
  /** To the last byte handed to the kernel. */
  ttlb: number;
  preAlloc: number;
  alloc: number;
}

/** PIPE_BUF of Linux: a write up to this size is not mixed with another process's (pipe(7)). */
const LINE_MAX = 4096;
const REST_MAX = 200; // what surrounds the request line

// What could end a line, hide in a terminal, or end the quotes.
const unsafe = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;
const escape = (c: string) =>
  c === '"' || c === '\\' ? `\\${c}` : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** The request line of the log, with its newline; never longer than PIPE_BUF. */
export function formatAccess(record: AccessRecord): string {
  let quoted = record.requestLine === null ? '-' : record.requestLine.replace(unsafe, escape);
  if (quoted.length > LINE_MAX - REST_MAX) quoted = `${quoted.slice(0, LINE_MAX - REST_MAX - 3)}...`;
  const { remoteAddress, remotePort, status, bytes, preAlloc, alloc } = record;
  const ttfb = record.ttfb.toFixed(3);
  const ttlb = record.ttlb.toFixed(3);
  return `${remoteAddress}:${remotePort} - - "${quoted}" ${status} ttfb ${ttfb}ms ${bytes} ttlb ${ttlb}ms (pre-alloc: ${preAlloc}, alloc: ${alloc})\n`;
}
