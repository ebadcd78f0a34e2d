// Finding the end of a chunked body (RFC 9112 7.1) without changing it.
import { kinds, TOKEN, VALUE } from './text.ts';

/** Bytes in a row that are no data: of a size with its extensions, or of the trailer section. */
const OVERHEAD_MAX = 16 << 10;
/** Hexadecimal digits of a size; more would not be exact. */
const DIGITS_MAX = 13;

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const SEMICOLON = 0x3b;

// What is expected next.
const SIZE = 0;
const EXTENSION = 1;
const SIZE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILER = 6;
const TRAILER_NAME = 7;
const TRAILER_VALUE = 8;
const TRAILER_LF = 9;
const LAST_LF = 10;
const DONE = 11;

/** Where in the body one is. */
export interface Chunked {
  expects: number;
  /** Digits of the size so far. */
  digits: number;
  /** Of the chunk's data. */
  left: number;
  overhead: number;
  /** Bytes of data so far. */
  data: number;
}

export function beginChunked(chunked: Chunked): void {
  chunked.expects = SIZE;
  chunked.digits = 0;
  chunked.left = 0;
  chunked.overhead = 0;
  chunked.data = 0;
}

export const isChunkedDone = (chunked: Chunked): boolean => chunked.expects === DONE;

/** Goes on over bytes[from..to). Gives the end of what belongs to the body; -1: it is malformed. */
export function passChunked(chunked: Chunked, bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    if (chunked.expects === DATA) {
      const length = Math.min(chunked.left, to - at);
      at += length;
      chunked.left -= length;
      chunked.data += length;
      if (chunked.left > 0) return at;
      chunked.expects = DATA_CR;
      continue;
    }
    if (++chunked.overhead > OVERHEAD_MAX || !step(chunked, bytes[at])) return -1;
    at++;
    if (chunked.expects === DONE) return at;
  }
  return at;
}

/** Takes a byte that is no data. False: it may not be there. */
function step(chunked: Chunked, byte: number): boolean {
  switch (chunked.expects) {
    case SIZE:
      return stepSize(chunked, byte);
    case EXTENSION:
      if (byte === CR) chunked.expects = SIZE_LF;
      return byte === CR || (kinds[byte] & VALUE) !== 0;
    case SIZE_LF:
      chunked.expects = chunked.left > 0 ? DATA : TRAILER;
      chunked.overhead = 0;
      chunked.digits = 0;
      return byte === LF;
    case DATA_CR:
      chunked.expects = DATA_LF;
      return byte === CR;
    case DATA_LF:
      chunked.expects = SIZE;
      return byte === LF;
    case TRAILER:
      chunked.expects = byte === CR ? LAST_LF : TRAILER_NAME;
      return byte === CR || (kinds[byte] & TOKEN) !== 0;
    case TRAILER_NAME:
      if (byte === COLON) chunked.expects = TRAILER_VALUE;
      return byte === COLON || (kinds[byte] & TOKEN) !== 0;
    case TRAILER_VALUE:
      if (byte === CR) chunked.expects = TRAILER_LF;
      return byte === CR || (kinds[byte] & VALUE) !== 0;
    case TRAILER_LF:
      chunked.expects = TRAILER;
      return byte === LF;
    default:
      chunked.expects = DONE;
      return byte === LF;
  }
}

function stepSize(chunked: Chunked, byte: number): boolean {
  const digit = hexDigit(byte);
  if (digit >= 0) {
    chunked.left = chunked.left * 16 + digit;
    return ++chunked.digits <= DIGITS_MAX;
  }
  chunked.expects = byte === CR ? SIZE_LF : EXTENSION;
  return chunked.digits > 0 && (byte === CR || byte === SEMICOLON);
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
