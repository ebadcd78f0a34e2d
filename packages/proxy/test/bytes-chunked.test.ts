import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginChunked, type Chunked, isChunkedDone, passChunked } from '../src/index.ts';

interface Passed {
  /** Bytes of the body; -1: it is malformed. */
  end: number;
  done: boolean;
  /** Bytes of data. */
  data: number;
}

/** Passes the text in pieces that end there. */
function pass(text: string, ends: readonly number[] = []): Passed {
  const bytes = Buffer.from(text, 'latin1');
  const chunked: Chunked = { expects: 9, digits: 9, left: 9, overhead: 9, data: 9 };
  beginChunked(chunked);
  let at = 0;
  for (const to of [...ends, bytes.length]) {
    if (isChunkedDone(chunked)) break;
    const end = passChunked(chunked, bytes, at, to);
    if (end < 0) return { end, done: false, data: chunked.data };
    expect(end === to || isChunkedDone(chunked)).toBe(true);
    at = end;
  }
  return { end: at, done: isChunkedDone(chunked), data: chunked.data };
}

const octets = (maxLength: number) =>
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)), maxLength });
const extension = fc.constantFrom('', ';a', ';a=b', ';a="b c;\\""', ';', ';\t \xff');
const size = (length: number) =>
  fc
    .tuple(fc.nat(3), fc.boolean())
    .map(
      ([zeros, upper]) =>
        '0'.repeat(zeros) + (upper ? length.toString(16).toUpperCase() : length.toString(16)),
    );
const chunk = fc
  .tuple(
    octets(40).filter((data) => data !== ''),
    extension,
  )
  .chain(([data, extension]) =>
    size(data.length).map((size) => ({ data, text: `${size}${extension}\r\n${data}\r\n` })),
  );
const trailers = fc.constantFrom(
  '',
  'a: b\r\n',
  'A:\r\n',
  'a:b\r\nc: \t\xe9 \r\n',
  `${'a'.repeat(900)}: b\r\n`,
);
const body = fc
  .tuple(fc.array(chunk, { maxLength: 4 }), fc.constantFrom('0', '000'), extension, trailers)
  .map(([chunks, last, extension, trailers]) => ({
    data: chunks.reduce((sum, { data }) => sum + data.length, 0),
    text: `${chunks.map(({ text }) => text).join('')}${last}${extension}\r\n${trailers}\r\n`,
  }));

test('a body ends at the same place however it comes in pieces, whatever follows it', () => {
  fc.assert(
    fc.property(
      body,
      octets(10),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
      ({ data, text }, rest, cuts) => {
        const all = text + rest;
        const ends = cuts.map((cut) => Math.floor(cut * all.length)).sort((a, b) => a - b);
        const expected = { end: text.length, done: true, data };
        expect(pass(all)).toEqual(expected);
        expect(pass(all, ends)).toEqual(expected);
        expect(
          pass(
            all,
            Array.from({ length: all.length }, (_, i) => i),
          ),
        ).toEqual(expected);
        for (let i = 0; i < text.length; i++)
          expect(pass(text.slice(0, i))).toMatchObject({ end: i, done: false });
      },
    ),
    { numRuns: 300 },
  );
});

test.each([
  ['without a size', '\r\n'],
  ['with an extension for a size', ';a\r\n'],
  ['of a size that is no number', 'g\r\n'],
  ['of a negative size', '-1\r\n'],
  ['of a size with a prefix', '0x1\r\na\r\n0\r\n\r\n'],
  ['of a size with a sign', '+1\r\na\r\n0\r\n\r\n'],
  ['of a size after a blank', ' 1\r\na\r\n0\r\n\r\n'],
  ['of a size before a blank', '1 \r\na\r\n0\r\n\r\n'],
  ['of a size of too many digits', '00000000000001\r\na\r\n0\r\n\r\n'],
  ['of the largest size of all', 'ffffffffffffffff\r\n'],
  ['whose size ends in LF', '1\na\r\n0\r\n\r\n'],
  ['whose size ends in CR', '1\ra\r\n0\r\n\r\n'],
  ['with a CR in an extension', '1;a\rb\r\na\r\n0\r\n\r\n'],
  ['with a LF in an extension', '1;a\nb\r\na\r\n0\r\n\r\n'],
  ['with a NUL in an extension', '1;a\0\r\na\r\n0\r\n\r\n'],
  ['with a DEL in an extension', '1;a\x7f\r\na\r\n0\r\n\r\n'],
  ['with more data than its size', '1\r\nab\r\n0\r\n\r\n'],
  ['with less data than its size', '2\r\na\r\n0\r\n\r\n'],
  ['whose data ends in LF', '1\r\na\n0\r\n\r\n'],
  ['whose data ends in CR', '1\r\na\r0\r\n\r\n'],
  ['whose last chunk ends in LF', '0\n\r\n'],
  ['that ends in LF', '0\r\n\n'],
  ['that ends in CR', '0\r\n\r\r\n'],
  ['with a trailer that is folded', '0\r\na: b\r\n c\r\n\r\n'],
  ['with a trailer that begins with a blank', '0\r\n a: b\r\n\r\n'],
  ['with a trailer without a colon', '0\r\na\r\n\r\n'],
  ['with a trailer without a name', '0\r\n: a\r\n\r\n'],
  ['with a blank before a trailer’s colon', '0\r\na : b\r\n\r\n'],
  ['with an answer for a trailer', '0\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['with a trailer that ends in LF', '0\r\na: b\n\r\n'],
  ['with a CR in a trailer', '0\r\na: b\rc\r\n\r\n'],
  ['with a NUL in a trailer', '0\r\na: b\0\r\n\r\n'],
  ['with a NUL in a trailer’s name', '0\r\na\0: b\r\n\r\n'],
])('no body: one %s', (_what, text) => {
  expect(pass(text).end).toBe(-1);
  expect(
    pass(
      text,
      Array.from({ length: text.length }, (_, i) => i),
    ).end,
  ).toBe(-1);
});

test('what is no data is bounded: an extension, the trailers together', () => {
  const most = 16 << 10;
  const long = (length: number) => 'a'.repeat(length);
  expect(pass(`1;${long(most - 4)}\r\na\r\n0\r\n\r\n`).done).toBe(true);
  expect(pass(`1;${long(most)}\r\na\r\n0\r\n\r\n`).end).toBe(-1);
  expect(pass(`1\r\na\r\n0\r\n${`a: ${long(95)}\r\n`.repeat(160)}\r\n`).done).toBe(true);
  expect(pass(`1\r\na\r\n0\r\n${`a: ${long(95)}\r\n`.repeat(164)}\r\n`).end).toBe(-1);
  expect(pass(`${'1\r\na\r\n'.repeat(20_000)}0\r\n\r\n`)).toMatchObject({ done: true, data: 20_000 });
});

test('the largest chunk whose size is exact', () => {
  const chunked: Chunked = { expects: 0, digits: 0, left: 0, overhead: 0, data: 0 };
  beginChunked(chunked);
  const bytes = Buffer.from('fffffffffffff\r\n');
  expect(passChunked(chunked, bytes, 0, bytes.length)).toBe(bytes.length);
  expect(chunked.left).toBe(2 ** 52 - 1);
});
