// The plain requests of HTTP/1.1, and nothing else: what isn't certainly one is foreign, and node:http decides about it.
// So nothing here has to be clever, and a question of smuggling has one answer.

import { ascii, isText } from '@flexilib/proxy';

export const Parsed = { complete: 0, partialHead: 1, partialBody: 2, foreign: 3 } as const;

/** A body that is larger is foreign. */
export const CONTENT_MAX = 65536;
/** Limits of a head, as validate.ts has them. */
const TARGET_MAX = 8192;
export const FIELDS_MAX = 100;
const FIELD_BYTES_MAX = 16384;
/** A head that is still not whole after so many bytes is foreign. */
const HEAD_MAX = TARGET_MAX + FIELD_BYTES_MAX + 1024;

/** Where the parts of a request are; all offsets are into the bytes that were parsed. */
export interface RequestHead {
  methodLength: number;
  targetStart: number;
  targetLength: number;
  fieldCount: number;
  contentStart: number;
  contentLength: number;
  /** The client wants the connection closed after the answer. */
  close: boolean;
}

/** The target of a request for the server itself, of OPTIONS alone (RFC 9112 3.2.4). */
export const ASTERISK = 0x2a;
const OPTIONS_LENGTH = 7;
const SP = 0x20;
const CR = 0x0d;
const LF = 0x0a;

// What a byte may be part of.
const TARGET = 1; // visible ASCII but «#»: the fragment is the client's own
const TOKEN = 2; // RFC 9110 5.6.2
const VALUE = 4; // visible ASCII and blanks; tabs and obs-text are foreign
const HOST = 8; // as in validate.ts
const kinds = new Uint8Array(256);
for (let c = 0x20; c < 0x7f; c++) {
  const text = String.fromCharCode(c);
  kinds[c] =
    VALUE |
    (c !== SP && text !== '#' ? TARGET : 0) |
    (/[!#$%&'*+.^_`|~0-9A-Za-z-]/.test(text) ? TOKEN : 0) |
    (/[A-Za-z0-9._~!$&'()*+,;=%:[\]-]/.test(text) ? HOST : 0);
}

const methods = ['GET ', 'POST ', 'PUT ', 'HEAD ', 'DELETE ', 'PATCH ', 'OPTIONS '].map(ascii);
const version = ascii(' HTTP/1.1\r\n');
const host = ascii('host');
const connection = ascii('connection');
const contentLength = ascii('content-length');
/** A field with one of these names makes the request foreign. llhttp takes proxy-connection for connection. */
const foreignNames = ['expect', 'upgrade', 'transfer-encoding', 'proxy-connection'].map(ascii);
const close = ascii('close');
const keepAlive = ascii('keep-alive');

/**
 * Parses the request that begins at `from`; the bytes end at `to`, and bytes[to] is overwritten. Fills `fields` (four
 * numbers a field: nameOffset, nameLength, valueOffset, valueLength) and `head`, all of it when the head is complete.
 * contentMax: of this server, at most CONTENT_MAX. Allocates nothing. Gives one of Parsed.
 */
export function parseRequest(
  bytes: Uint8Array,
  from: number,
  to: number,
  contentMax: number,
  fields: Int32Array,
  head: RequestHead,
): number {
  bytes[to] = 0; // in no kind: no loop below runs past it
  const unfinished = to - from < HEAD_MAX ? Parsed.partialHead : Parsed.foreign;

  const methodEnd = parseMethod(bytes, from, to);
  if (methodEnd <= 0) return methodEnd === 0 ? unfinished : Parsed.foreign;
  let at = methodEnd + 1;
  const targetStart = at;
  if (at < to && bytes[at] !== 0x2f) {
    if (bytes[at] !== ASTERISK || methodEnd - from !== OPTIONS_LENGTH) return Parsed.foreign;
    at++;
  } else while ((kinds[bytes[at]] & TARGET) !== 0) at++;
  if (at - targetStart > TARGET_MAX) return Parsed.foreign;
  head.methodLength = methodEnd - from;
  head.targetStart = targetStart;
  head.targetLength = at - targetStart;
  for (let i = 0; i < version.length; i++, at++) {
    if (bytes[at] !== version[i]) return at === to ? unfinished : Parsed.foreign;
  }

  let count = 0;
  let fieldBytes = 0;
  let hosts = 0;
  let connections = 0;
  let length = -1;
  head.close = false;
  while (bytes[at] !== CR) {
    const name = at;
    while ((kinds[bytes[at]] & TOKEN) !== 0) at++;
    const nameLength = at - name;
    if (at === to) return unfinished;
    if (bytes[at] !== 0x3a || nameLength === 0 || count === FIELDS_MAX) return Parsed.foreign;
    at++;
    while (bytes[at] === SP) at++;
    const value = at;
    while ((kinds[bytes[at]] & VALUE) !== 0) at++;
    if (at === to || (at + 1 === to && bytes[at] === CR)) return unfinished;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return Parsed.foreign;
    let valueEnd = at;
    while (valueEnd > value && bytes[valueEnd - 1] === SP) valueEnd--;
    const valueLength = valueEnd - value;
    at += 2;

    switch (nameLength) {
      case 4:
        if (!isText(bytes, name, host)) break;
        if (++hosts > 1) return Parsed.foreign;
        for (let i = value; i < valueEnd; i++) if ((kinds[bytes[i]] & HOST) === 0) return Parsed.foreign;
        break;
      case 10:
        if (!isText(bytes, name, connection)) break;
        if (++connections > 1) return Parsed.foreign;
        if (valueLength === 5 && isText(bytes, value, close)) head.close = true;
        else if (valueLength !== 10 || !isText(bytes, value, keepAlive)) return Parsed.foreign;
        break;
      case 14:
        if (!isText(bytes, name, contentLength)) break;
        if (length >= 0) return Parsed.foreign;
        length = parseLength(bytes, value, valueEnd);
        if (length < 0 || length > contentMax) return Parsed.foreign;
        break;
      case 6:
      case 7:
      case 16:
      case 17:
        for (let i = 0; i < foreignNames.length; i++) {
          if (foreignNames[i].length === nameLength && isText(bytes, name, foreignNames[i]))
            return Parsed.foreign;
        }
    }
    fieldBytes += nameLength + valueLength + 4;
    const field = 4 * count;
    fields[field] = name;
    fields[field + 1] = nameLength;
    fields[field + 2] = value;
    fields[field + 3] = valueLength;
    count++;
  }
  if (at + 1 === to) return unfinished;
  if (bytes[at + 1] !== LF || hosts !== 1 || fieldBytes > FIELD_BYTES_MAX) return Parsed.foreign;
  if (at + 2 - from > HEAD_MAX) return Parsed.foreign; // blanks around values
  head.fieldCount = count;
  head.contentStart = at + 2;
  head.contentLength = Math.max(length, 0);
  return to - head.contentStart >= head.contentLength ? Parsed.complete : Parsed.partialBody;
}

/** Where the method ends; 0: it isn't all there; -1: foreign. */
function parseMethod(bytes: Uint8Array, from: number, to: number): number {
  for (let m = 0; m < methods.length; m++) {
    const method = methods[m];
    let i = 0;
    while (i < method.length && bytes[from + i] === method[i]) i++;
    if (i === method.length) return from + i - 1;
    if (from + i === to) return 0;
  }
  return -1;
}

/** RFC 9110 8.6: 1*DIGIT; -1: something else, or more digits than are needed. */
function parseLength(bytes: Uint8Array, from: number, to: number): number {
  if (from === to || to - from > 6) return -1;
  let length = 0;
  for (let i = from; i < to; i++) {
    const digit = bytes[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    length = length * 10 + digit;
  }
  return length;
}
