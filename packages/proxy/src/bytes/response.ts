// The head of an upstream's answer, parsed strictly (RFC 9112 4 and 5) and edited where it is.
import { HOP_BY_HOP, namedByConnection } from '../fields.ts';
import { ascii, createNames, hasName, isText, kinds, move, type Names, put, TOKEN, VALUE } from './text.ts';

/** How the end of a body is found (RFC 9112 6.3). */
export const Framing = { none: 0, length: 1, chunked: 2, close: 3 } as const;

/** A head that isn't whole after so many bytes is refused; node:http has the same limit on the other way. */
export const RESPONSE_HEAD_MAX: number = 64 << 10;
const FIELDS_MAX = 1000;

export const ResponseParsed = { partial: 0, complete: 1, malformed: -1 } as const;

/** Offsets are into the bytes that were parsed. */
export interface ResponseHead {
  status: number;
  contentStart: number;
  framing: number;
  contentLength: number;
  /** The connection may be used again. */
  keep: boolean;
  /** Seconds, of Keep-Alive; -1: it doesn't say. */
  keepFor: number;
  hasDate: boolean;
}

/** Of «HTTP/1.1 200». */
const STATUS_END = 12;

const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

const version = ascii('HTTP/1.');
const date = ascii('date');
const connection = ascii('connection');
const contentLength = ascii('content-length');
const transferEncoding = ascii('transfer-encoding');
const keepAlive = ascii('keep-alive');
const chunked = ascii('chunked');

/** Of the upstream's connection alone. Who passes chunks on keeps their coding; other bodies have no trailer either. */
const notOfChunks: Names = createNames([...HOP_BY_HOP].filter((name) => name !== 'transfer-encoding'));
const notOfOthers: Names = createNames([...HOP_BY_HOP, 'trailer']);
const length: Names = createNames(['content-length']);

/** The line of each field begins here, and what is after the last one ends here. Of the head parsed last. */
const starts = new Int32Array(FIELDS_MAX + 1);
const nameLengths = new Int32Array(FIELDS_MAX);
let count = 0;
/** What its Connection fields say, all of them: «close», and which fields end here with them. */
let closes = false;
let named: Set<string> | null = null;

/**
 * Parses the head that begins at `from`; the bytes end at `to`. headOnly: the request was a HEAD. Fills `head`. Gives one
 * of ResponseParsed.
 */
export function parseResponse(
  bytes: Uint8Array,
  from: number,
  to: number,
  headOnly: boolean,
  head: ResponseHead,
): number {
  const unfinished = to - from < RESPONSE_HEAD_MAX ? ResponseParsed.partial : ResponseParsed.malformed;
  const { malformed } = ResponseParsed;
  for (let i = 0; i < version.length; i++)
    if (bytes[from + i] !== version[i]) return from + i >= to ? unfinished : malformed;
  if (to - from < 14) return unfinished;
  const minor = bytes[from + 7] - 0x30;
  if ((minor !== 0 && minor !== 1) || bytes[from + 8] !== SP) return malformed;
  head.status = digits3(bytes, from + 9);
  if (head.status < 100 || head.status > 999) return malformed;
  let at = from + 12;
  if (bytes[at] !== SP && bytes[at] !== CR) return malformed;
  while (at < to && (kinds[bytes[at]] & VALUE) !== 0) at++;
  if (at + 1 >= to) return unfinished;
  if (bytes[at] !== CR || bytes[at + 1] !== LF) return malformed;
  at += 2;

  count = 0;
  named = null;
  closes = false;
  head.keep = minor === 1;
  head.keepFor = -1;
  head.hasDate = false;
  let contents = -1;
  let isChunked = false;
  for (;;) {
    if (at >= to) return unfinished;
    if (bytes[at] === CR) break;
    const name = at;
    while (at < to && (kinds[bytes[at]] & TOKEN) !== 0) at++;
    const nameLength = at - name;
    if (at === to) return unfinished;
    if (bytes[at] !== COLON || nameLength === 0 || count === FIELDS_MAX) return malformed;
    let value = at + 1;
    while (value < to && (bytes[value] === SP || bytes[value] === 0x09)) value++;
    at = value;
    while (at < to && (kinds[bytes[at]] & VALUE) !== 0) at++;
    if (at + 1 >= to) return unfinished;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return malformed;
    let valueEnd = at;
    while (valueEnd > value && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === 0x09)) valueEnd--;
    at += 2;
    starts[count] = name;
    nameLengths[count] = nameLength;
    count += 1;
    switch (nameLength) {
      case 4:
        head.hasDate ||= isText(bytes, name, date);
        break;
      case 10:
        if (isText(bytes, name, connection)) readConnection(bytes, value, valueEnd, minor, head);
        else if (isText(bytes, name, keepAlive)) head.keepFor = readKeepAlive(bytes, value, valueEnd);
        break;
      case 14:
        if (!isText(bytes, name, contentLength)) break;
        if (contents >= 0) return malformed;
        contents = readLength(bytes, value, valueEnd);
        if (contents < 0) return malformed;
        break;
      case 17:
        if (!isText(bytes, name, transferEncoding)) break;
        // RFC 9112 6.1: not in 1.0. Another coding, or this one twice, is understood by nobody behind us.
        if (isChunked || minor === 0) return malformed;
        if (valueEnd - value !== chunked.length || !isText(bytes, value, chunked)) return malformed;
        isChunked = true;
    }
  }
  if (at + 1 >= to) return unfinished;
  if (bytes[at + 1] !== LF || at + 2 - from > RESPONSE_HEAD_MAX) return malformed;
  if (isChunked && contents >= 0) return malformed;
  starts[count] = at;
  head.contentStart = at + 2;
  head.contentLength = Math.max(contents, 0);
  if (headOnly || head.status < 200 || head.status === 204 || head.status === 304)
    head.framing = Framing.none;
  else if (isChunked) head.framing = Framing.chunked;
  else if (contents >= 0) head.framing = contents > 0 ? Framing.length : Framing.none;
  else head.framing = Framing.close;
  head.keep &&= !closes && head.framing !== Framing.close;
  return ResponseParsed.complete;
}

/**
 * Edits the head that was parsed last, in place: takes out what concerns the upstream's connection and the fields of
 * these names, and writes `added` (lines) after them. There must be room for that before `from`. Gives where
 * the head begins now; it ends where it did.
 */
export function editResponse(
  bytes: Uint8Array,
  from: number,
  head: ResponseHead,
  dropped: Names,
  added: Uint8Array,
): number {
  const { status, framing } = head;
  const isBodiless = status < 200 || status === 204; // RFC 9110 8.6, RFC 9112 6.1
  const isInChunks = framing === Framing.chunked || framing === Framing.close;
  const hopByHop = isInChunks ? notOfChunks : notOfOthers;
  const taken = named === null ? null : createNames([...named]);
  let shift = 0;
  let kept = starts[count];
  for (let i = count - 1; i >= 0; i--) {
    const line = starts[i];
    const nameLength = nameLengths[i];
    const drop =
      hasName(hopByHop, bytes, line, nameLength) ||
      hasName(dropped, bytes, line, nameLength) ||
      (taken !== null && hasName(taken, bytes, line, nameLength)) ||
      (isBodiless && hasName(length, bytes, line, nameLength));
    if (!drop) continue;
    const next = starts[i + 1];
    if (shift > 0) move(bytes, next + shift, next, kept);
    shift += next - line;
    kept = line;
  }
  if (shift > 0) move(bytes, from + shift, from, kept);
  let start = from + shift;
  bytes[start + version.length] = 0x31; // ours is 1.1, whatever the upstream's is
  if (bytes[start + STATUS_END] === CR) {
    // Without a reason the blank before it may be missing, but not here (RFC 9112 4).
    move(bytes, start - 1, start, start + STATUS_END);
    start -= 1;
    bytes[start + STATUS_END] = SP;
  }
  if (added.length > 0) {
    const end = starts[count];
    move(bytes, start - added.length, start, end);
    start -= added.length;
    put(bytes, end - added.length, added);
  }
  return start;
}

/** RFC 9110 7.6.1: its options, and the names of fields that end here with it. */
function readConnection(
  bytes: Uint8Array,
  from: number,
  to: number,
  minor: number,
  head: ResponseHead,
): void {
  if (minor === 1 && to - from === keepAlive.length && isText(bytes, from, keepAlive)) return; // it is anyway
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  const options = text.toLowerCase().split(',');
  if (options.some((option) => option.trim() === 'close')) closes = true;
  if (options.some((option) => option.trim() === 'keep-alive')) head.keep = true;
  const names = namedByConnection(['connection', text]);
  if (names === null) return;
  named ??= new Set();
  for (const name of names) named.add(name);
}

/** Seconds of «timeout=5, max=100»; -1: none. */
function readKeepAlive(bytes: Uint8Array, from: number, to: number): number {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
  const [, seconds] = /(?:^|[,\s])timeout=(\d{1,9})/i.exec(text) ?? [];
  return seconds === undefined ? -1 : Number(seconds);
}

/** RFC 9110 8.6: 1*DIGIT; -1: something else, or more than is exact. */
function readLength(bytes: Uint8Array, from: number, to: number): number {
  if (from === to || to - from > 15) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

function digits3(bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
