// The request log's lines, made of bytes and numbers without a string on the way.

/** Where lines go: a writer of the server's. */
export interface LineSink {
  /** Where the next line may be written; valid until the next commit. */
  readonly buffer: Uint8Array;
  /** Offset in buffer at which max bytes may be written; -1: the line is dropped. */
  reserve(max: number): number;
  /** The line written at the reserved offset ends (exclusive) here, with its newline. */
  commit(end: number): void;
}

/** What a line tells. Times are milliseconds since the head was complete. */
export interface AccessRecord {
  /** «127.0.0.1:59940» */
  peer: string;
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
const REST_MAX = 240; // what surrounds the request line
const QUOTED_MAX = LINE_MAX - REST_MAX;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const hexDigits = '0123456789abcdef';

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const beforeRequest = ascii(' - - "');
const version = ascii(' HTTP/1.1');
const afterRequest = ascii('" ');
const ttfbText = ascii(' ttfb ');
const millisecondsText = ascii('ms ');
const ttlbText = ascii(' ttlb ');
const preAllocText = ascii('ms (pre-alloc: ');
const allocText = ascii(', alloc: ');
const endText = ascii(')\n');
const cutText = ascii('...');

// One line is written at a time.
let out: Uint8Array = new Uint8Array(0);
let at = 0;
/** Past it quoted text is cut. */
let quoteEnd = 0;
let isCut = false;

/** Writes the line of a record. */
export function logAccess(sink: LineSink, record: AccessRecord): void {
  if (!begin(sink, record.peer)) return;
  if (record.requestLine === null) out[at++] = 0x2d;
  else putQuoted(Buffer.from(record.requestLine, 'latin1'), 0, record.requestLine.length);
  end(sink, record.status, record.ttfb, record.bytes, record.ttlb, record.preAlloc, record.alloc);
}

/** The same of an HTTP/1.1 request whose method and target are `length` bytes from `start` on. Allocates nothing. */
export function logRequest(
  sink: LineSink,
  peer: string,
  bytes: Uint8Array,
  start: number,
  length: number,
  status: number,
  ttfb: number,
  sent: number,
  ttlb: number,
  preAlloc: number,
  alloc: number,
): void {
  if (!begin(sink, peer)) return;
  putQuoted(bytes, start, start + length);
  putQuoted(version, 0, version.length);
  end(sink, status, ttfb, sent, ttlb, preAlloc, alloc);
}

function begin(sink: LineSink, peer: string): boolean {
  at = sink.reserve(LINE_MAX);
  if (at < 0) return false;
  out = sink.buffer;
  for (let i = 0; i < peer.length; i++) out[at++] = peer.charCodeAt(i);
  put(beforeRequest);
  quoteEnd = at + QUOTED_MAX;
  isCut = false;
  return true;
}

function end(
  sink: LineSink,
  status: number,
  ttfb: number,
  sent: number,
  ttlb: number,
  preAlloc: number,
  alloc: number,
): void {
  put(afterRequest);
  putNumber(status);
  put(ttfbText);
  putMilliseconds(ttfb);
  put(millisecondsText);
  putNumber(sent);
  put(ttlbText);
  putMilliseconds(ttlb);
  put(preAllocText);
  putNumber(preAlloc);
  put(allocText);
  putNumber(alloc);
  put(endText);
  sink.commit(at);
}

function put(text: Uint8Array): void {
  for (let i = 0; i < text.length; i++) out[at++] = text[i];
}

/** What could end a line, hide in a terminal, or end the quotes is escaped; what is too long is cut. */
function putQuoted(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to && !isCut; i++) {
    const byte = bytes[i];
    if (at > quoteEnd) {
      put(cutText);
      isCut = true;
      return;
    }
    if (byte === QUOTE || byte === BACKSLASH) {
      out[at++] = BACKSLASH;
      out[at++] = byte;
    } else if (byte >= 0x20 && byte < 0x7f) {
      out[at++] = byte;
    } else {
      out[at++] = BACKSLASH;
      out[at++] = 0x78;
      out[at++] = hexDigits.charCodeAt(byte >> 4);
      out[at++] = hexDigits.charCodeAt(byte & 15);
    }
  }
}

/** A whole number, not negative. */
function putNumber(number: number): void {
  let digits = 1;
  for (let power = 10; power <= number; power *= 10) digits++;
  at += digits;
  let rest = number;
  for (let i = 1; i <= digits; i++) {
    const next = Math.floor(rest / 10);
    out[at - i] = 0x30 + (rest - next * 10);
    rest = next;
  }
}

/** With three decimals. */
function putMilliseconds(milliseconds: number): void {
  const micros = Math.max(0, Math.round(milliseconds * 1000));
  const whole = Math.floor(micros / 1000);
  putNumber(whole);
  const rest = micros - whole * 1000;
  out[at++] = 0x2e;
  out[at++] = 0x30 + Math.floor(rest / 100);
  out[at++] = 0x30 + (Math.floor(rest / 10) % 10);
  out[at++] = 0x30 + (rest % 10);
}
