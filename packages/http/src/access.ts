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

// What could end a line, hide in a terminal, or end the quotes; and what becomes of it.
const unsafe = /[^\x20\x21\x23-\x5b\x5d-\x7e]/g;
const escaped = (c: string) =>
  c === '"' || c === '\\' ? `\\${c}` : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;

/** The request line of the log, with its newline; never longer than PIPE_BUF. */
export function formatAccess(record: AccessRecord): string {
  const { remoteAddress, remotePort, status, bytes, preAlloc, alloc } = record;
  const quoted = record.requestLine === null ? '-' : quote(record.requestLine);
  const ttfb = record.ttfb.toFixed(3);
  const ttlb = record.ttlb.toFixed(3);
  return `${remoteAddress}:${remotePort} - - "${quoted}" ${status} ttfb ${ttfb}ms ${bytes} ttlb ${ttlb}ms (pre-alloc: ${preAlloc}, alloc: ${alloc})\n`;
}

/** Escaped, and cut between two characters when it is too long. */
function quote(line: string): string {
  const max = LINE_MAX - REST_MAX;
  const whole = line.slice(0, max + 1).replace(unsafe, escaped);
  if (whole.length <= max) return whole;
  let text = '';
  for (const c of line) {
    const next = c.replace(unsafe, escaped);
    if (text.length + next.length > max - 3) break;
    text += next;
  }
  return `${text}...`;
}
