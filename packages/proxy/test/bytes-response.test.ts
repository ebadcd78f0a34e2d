import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Framing, ResponseParsed, responseFields } from '../src/index.ts';
import { edit, parse } from './answer.ts';
import { specOf, targets } from './spec.ts';

const { partial, complete, malformed } = ResponseParsed;
const { none, length, chunked, close } = Framing;

/** A head of these lines. */
const lines = (...all: string[]): string => `${all.join('\r\n')}\r\n\r\n`;
const ok = (...fields: string[]): string => lines('HTTP/1.1 200 OK', ...fields);

describe.each<[string, string, framing: number, more?: object]>([
  ['without fields', ok(), close, { status: 200, keep: false, keepFor: -1, hasDate: false }],
  ['with a length', ok('Content-Length: 5'), length, { contentLength: 5, keep: true }],
  ['with no body', ok('content-length: 0'), none, { contentLength: 0, keep: true }],
  ['with blanks around a length', ok('Content-Length: \t 5 \t'), length, { contentLength: 5 }],
  ['without blanks', ok('CONTENT-LENGTH:5'), length, { contentLength: 5 }],
  ['with zeros before a length', ok('Content-Length: 0005'), length, { contentLength: 5 }],
  [
    'with the longest length',
    ok('Content-Length: 999999999999999'),
    length,
    { contentLength: 999_999_999_999_999 },
  ],
  ['in chunks', ok('Transfer-Encoding: chunked'), chunked, { keep: true }],
  ['in CHUNKS', ok('transfer-encoding:\tCHUNKED '), chunked, { keep: true }],
  ['without a reason', lines('HTTP/1.1 200 '), close, { status: 200 }],
  ['without a reason and its blank', lines('HTTP/1.1 404'), close, { status: 404 }],
  ['with a reason in Latin-1', lines('HTTP/1.1 200 \xe9\t\x80'), close],
  ['of HTTP/1.0', lines('HTTP/1.0 200 OK', 'Content-Length: 5'), length, { keep: false }],
  [
    'of HTTP/1.0 that is kept',
    lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 5'),
    length,
    { keep: true },
  ],
  [
    'of HTTP/1.0 that is kept and closed',
    lines('HTTP/1.0 200 OK', 'Connection: keep-alive, close', 'Content-Length: 5'),
    length,
    { keep: false },
  ],
  ['that closes', ok('Connection: close', 'Content-Length: 5'), length, { keep: false }],
  [
    'that CLOSES after more',
    ok('connection: keep-alive , a,\tCLOSE', 'Content-Length: 5'),
    length,
    { keep: false },
  ],
  [
    'that closes in a second field',
    ok('Connection: a', 'Connection: close', 'Content-Length: 5'),
    length,
    { keep: false },
  ],
  ['that does not close', ok('Connection: closed', 'Content-Length: 5'), length, { keep: true }],
  [
    'that is kept',
    ok('Connection: keep-alive', 'Keep-Alive: timeout=5, max=100', 'Content-Length: 5'),
    length,
    { keep: true, keepFor: 5 },
  ],
  ['that is kept without a time', ok('Keep-Alive: max=100', 'Content-Length: 5'), length, { keepFor: -1 }],
  ['with a date', ok('DATE: today'), close, { hasDate: true }],
  ['with an empty value', ok('A:', 'B: ', 'C:\t'), close],
  ['with a name of all kinds', ok("!#$%&'*+-.^_`|~09azAZ: a"), close],
  ['with a value of all kinds', ok('A: \t!"(),/:;<=>?@[\\]{}\x80\xff'), close],
  ['with early hints', lines('HTTP/1.1 103 Early Hints', 'Link: a'), none, { status: 103, keep: true }],
  ['with 204', lines('HTTP/1.1 204 No Content'), none, { keep: true }],
  ['with 204 and a length', lines('HTTP/1.1 204 No Content', 'Content-Length: 5'), none, { keep: true }],
  ['with 304 and a length', lines('HTTP/1.1 304 Not Modified', 'Content-Length: 5'), none, { keep: true }],
  [
    'with 304 in chunks',
    lines('HTTP/1.1 304 Not Modified', 'Transfer-Encoding: chunked'),
    none,
    { keep: true },
  ],
  ['with the least status', lines('HTTP/1.1 100 Continue'), none, { status: 100 }],
  ['with the greatest status', lines('HTTP/1.1 999 X'), close, { status: 999 }],
  ['with 1000 fields', ok(...Array.from({ length: 1000 }, (_, i) => `${i}: a`)), close],
])('a head %s', (_what, text, framing, more = {}) => {
  test('is parsed when it is whole, and not before', () => {
    const step = text.length > 2000 ? 97 : 1;
    for (let i = 0; i < text.length; i += step)
      expect([i, parse(text, false, i).parsed]).toEqual([i, partial]);
    expect(parse(text, false, text.length - 1).parsed).toBe(partial);
    expect(parse(text)).toMatchObject({ parsed: complete, length: text.length, framing, ...more });
    expect(parse(`${text}HTTP/1.1 500 Next\r\n`)).toMatchObject({
      parsed: complete,
      length: text.length,
      framing,
      ...more,
    });
  });

  test('has no body where a HEAD was asked', () => {
    expect(parse(text, true)).toMatchObject({ parsed: complete, framing: none });
  });
});

describe.each([
  ['of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['of HTTP/2', lines('HTTP/2 200 OK')],
  ['of HTTP/2.0', lines('HTTP/2.0 200 OK')],
  ['of HTTP/1.2', lines('HTTP/1.2 200 OK')],
  ['in lower case', lines('http/1.1 200 OK')],
  ['after a blank line', `\r\n${ok()}`],
  ['after a blank', ` ${ok()}`],
  ['after a body', `body${ok()}`],
  ['of HTTP/0.9', '<html>hello, this is a page</html>\r\n\r\n'],
  ['without a status', lines('HTTP/1.1', 'Content-Length: 5')],
  ['with two blanks before its status', lines('HTTP/1.1  200 OK')],
  ['with a tab before its status', lines('HTTP/1.1\t200 OK')],
  ['with a tab after its status', lines('HTTP/1.1 200\tOK')],
  ['with the status 099', lines('HTTP/1.1 099 X')],
  ['with the status 000', lines('HTTP/1.1 000 X')],
  ['with the status 1000', lines('HTTP/1.1 1000 X')],
  ['with the status 20', lines('HTTP/1.1 20 OK and more')],
  ['with the status 2OO', lines('HTTP/1.1 2OO OK')],
  ['with the status -20', lines('HTTP/1.1 -20 OK')],
  ['with a CR in its reason', lines('HTTP/1.1 200 O\rK')],
  ['with a LF in its reason', lines('HTTP/1.1 200 O\nK')],
  ['with a NUL in its reason', lines('HTTP/1.1 200 O\0K')],
  ['with a LF after its status line', 'HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n'],
  ['with a LF after a field', 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\n'],
  ['with a LF in the end', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\n'],
  ['with a CR in the end', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\r\n'],
  ['with a field that is folded', ok('A: b', ' c')],
  ['with a field that is folded by a tab', ok('A: b', '\tc')],
  ['with a first field that is folded', lines('HTTP/1.1 200 OK', ' A: b')],
  ['with a field without a colon', ok('A')],
  ['with a field without a name', ok(': a')],
  ['with a blank before a colon', ok('Content-Length : 5')],
  ['with a tab before a colon', ok('A\t: b')],
  ['with a blank in a name', ok('A B: c')],
  ['with a NUL in a name', ok('A\0: b')],
  ['with a byte of Latin-1 in a name', ok('\xe9: b')],
  ['with a bracket in a name', ok('A(: b')],
  ['with a NUL in a value', ok('A: b\0c')],
  ['with a CR in a value', ok('A: b\rc')],
  ['with a LF in a value', ok('A: b\nc: d')],
  ['with a control character in a value', ok('A: b\x1bc')],
  ['with a DEL in a value', ok('A: b\x7fc')],
  ['with an empty length', ok('Content-Length: ')],
  ['with a length in words', ok('Content-Length: five')],
  ['with a negative length', ok('Content-Length: -5')],
  ['with a length with a sign', ok('Content-Length: +5')],
  ['with a length in hexadecimal', ok('Content-Length: 0x5')],
  ['with a length and more', ok('Content-Length: 5 5')],
  ['with a length with a point', ok('Content-Length: 5.0')],
  ['with a list of lengths', ok('Content-Length: 5, 5')],
  ['with a length past what is exact', ok('Content-Length: 9999999999999999')],
  ['with a length of 2^64 + 5', ok('Content-Length: 18446744073709551621')],
  ['with two lengths', ok('Content-Length: 5', 'Content-Length: 6')],
  ['with the same length twice', ok('Content-Length: 5', 'Content-Length: 5')],
  ['with a length and chunks', ok('Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['with chunks and a length', ok('Transfer-Encoding: chunked', 'Content-Length: 5')],
  ['with chunks and no length', ok('Transfer-Encoding: chunked', 'Content-Length: 0')],
  ['in another coding', ok('Transfer-Encoding: gzip')],
  ['in chunks of another coding', ok('Transfer-Encoding: gzip, chunked')],
  ['in another coding of chunks', ok('Transfer-Encoding: chunked, gzip')],
  ['in chunks of chunks', ok('Transfer-Encoding: chunked, chunked')],
  ['in chunks twice', ok('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
  ['in an identical coding', ok('Transfer-Encoding: identity')],
  ['in xchunked', ok('Transfer-Encoding: xchunked')],
  ['in chunked;a', ok('Transfer-Encoding: chunked;a')],
  ['in no coding', ok('Transfer-Encoding: ')],
  ['in chunks of HTTP/1.0', lines('HTTP/1.0 200 OK', 'Transfer-Encoding: chunked')],
  ['with 1001 fields', ok(...Array.from({ length: 1001 }, (_, i) => `${i}: a`))],
])('a head %s', (_what, text) => {
  test('is malformed, and is never taken for a whole one', () => {
    const step = text.length > 2000 ? 97 : 1;
    let refused = false;
    for (let i = 0; i <= text.length; i += step) {
      const { parsed } = parse(text, false, i);
      expect([i, parsed]).toEqual([i, refused ? malformed : parsed === malformed ? malformed : partial]);
      refused = parsed === malformed;
    }
    expect(parse(text).parsed).toBe(malformed);
    expect(parse(text, true).parsed).toBe(malformed);
  });
});

test('a head of 64 KiB is the longest', () => {
  const most = 64 << 10;
  const of = (length: number) => ok(`A: ${'a'.repeat(length - ok('A: ').length)}`);
  expect(of(most).length).toBe(most);
  expect(parse(of(most)).parsed).toBe(complete);
  expect(parse(of(most), false, most - 1).parsed).toBe(partial);
  expect(parse(of(most + 1)).parsed).toBe(malformed);
  expect(parse(of(most + 1), false, most).parsed).toBe(malformed);
  expect(parse(of(most + 1), false, most - 1).parsed).toBe(partial);
  expect(parse(`HTTP/1.1 200 ${'a'.repeat(most)}`).parsed).toBe(malformed);
  expect(parse(ok('a'.repeat(most))).parsed).toBe(malformed);
  const many = ok(...Array.from({ length: 990 }, (_, i) => `${i}: ${'a'.repeat(50)}`));
  expect(parse(many).parsed).toBe(complete);
});

describe('edited, a head', () => {
  test('loses what concerns the upstream’s connection, wherever it stands', () => {
    const hop = [
      'Connection: close, X-Hop',
      'Keep-Alive: timeout=5',
      'Upgrade: h2c',
      'TE: a',
      'Proxy-Connection: a',
      'X-HOP: a',
    ];
    expect(edit(ok(...hop))).toBe(ok());
    expect(edit(ok(...hop, 'A: b'))).toBe(ok('A: b'));
    expect(edit(ok('A: b', ...hop))).toBe(ok('A: b'));
    expect(edit(ok('A: b', ...hop, 'C: d'))).toBe(ok('A: b', 'C: d'));
    expect(edit(ok(hop[0], 'A: b', hop[1], 'C: d', 'E: f', ...hop.slice(2)))).toBe(
      ok('A: b', 'C: d', 'E: f'),
    );
  });

  test('loses all that any of its Connection fields names', () => {
    expect(edit(ok('Connection: x-a', 'X-A: 1', 'X-B: 2', 'X-C: 3', 'connection: X-B ,, x-c'))).toBe(ok());
  });

  test('loses what its Connection names before and after it, however long the name', () => {
    const long = `x-${'a'.repeat(100)}`;
    expect(edit(ok(`${long}: 1`, `Connection: ${long}`, `${long}: 2`, `${long}a: 3`))).toBe(
      ok(`${long}a: 3`),
    );
  });

  test('keeps its framing, and what is the message’s own, whatever Connection names', () => {
    const fields = ['Content-Length: 5', 'Date: today', 'Via: 1.1 a'];
    expect(edit(ok('Connection: content-length, date, via', ...fields))).toBe(ok(...fields));
    expect(edit(ok('Transfer-Encoding: chunked', 'Connection: transfer-encoding'))).toBe(
      ok('Transfer-Encoding: chunked'),
    );
  });

  test('loses fields of the names that are given, of any length, and gets lines at its end', () => {
    const long = `x-${'b'.repeat(70)}`;
    expect(
      edit(ok('Server: a', 'B: c', 'SERVER: d', `${long}: e`), ['server', long], ['Server: e', 'F: g']),
    ).toBe(ok('B: c', 'Server: e', 'F: g'));
    expect(edit(ok(), [], ['A: b'])).toBe(ok('A: b'));
    expect(edit(ok('A: b'), ['a'], ['C: d'])).toBe(ok('C: d'));
  });

  test('has the blank of a reason that is missing', () => {
    expect(edit(lines('HTTP/1.1 200', 'A: b'))).toBe(lines('HTTP/1.1 200 ', 'A: b'));
    expect(edit(lines('HTTP/1.1 200', 'Connection: close', 'A: b'), [], ['C: d'])).toBe(
      lines('HTTP/1.1 200 ', 'A: b', 'C: d'),
    );
  });

  test('is one of HTTP/1.1', () => {
    expect(edit(lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 5'))).toBe(
      ok('Content-Length: 5'),
    );
  });

  test('has no framing where it can have none', () => {
    expect(edit(lines('HTTP/1.1 204 A', 'Content-Length: 5', 'A: b'))).toBe(lines('HTTP/1.1 204 A', 'A: b'));
    expect(edit(lines('HTTP/1.1 204 A', 'Transfer-Encoding: chunked'))).toBe(lines('HTTP/1.1 204 A'));
    expect(edit(lines('HTTP/1.1 103 A', 'Content-Length: 5', 'Link: a'))).toBe(
      lines('HTTP/1.1 103 A', 'Link: a'),
    );
    expect(edit(lines('HTTP/1.1 304 A', 'Content-Length: 5'))).toBe(
      lines('HTTP/1.1 304 A', 'Content-Length: 5'),
    );
    expect(edit(lines('HTTP/1.1 304 A', 'Transfer-Encoding: chunked', 'A: b'))).toBe(
      lines('HTTP/1.1 304 A', 'A: b'),
    );
  });

  const name = fc.oneof(
    fc.constantFrom(
      'Connection',
      'Keep-Alive',
      'Upgrade',
      'TE',
      'Proxy-Connection',
      'Proxy-Authenticate',
      'Proxy',
    ),
    fc.constantFrom(
      'HTTP2-Settings',
      'Proxy-Authentication-Info',
      'Date',
      'Set-Cookie',
      'Trailer',
      'Via',
      'Server',
    ),
    fc.mixedCase(fc.constantFrom('x-a', 'x-b', 'x-a-b', `x-${'c'.repeat(61)}`, `x-${'c'.repeat(62)}`)),
    fc.string({ unit: fc.constantFrom(...'aZ09!#$%&*+-.^_`|~'), minLength: 1, maxLength: 12 }),
  );
  const value = fc.oneof(
    fc.constantFrom(
      '',
      'x-a',
      'X-B, x-a',
      'close',
      'keep-alive',
      'date',
      'Server,,via ,',
      'te, upgrade',
      'timeout=3',
    ),
    fc.string({ unit: fc.constantFrom(...'aZ0 \t,;="\x80\xff'), maxLength: 100 }).map((text) => text.trim()),
  );
  const fields = fc.array(fc.tuple(name, value), { maxLength: 8 });

  test('says the same as on the other way', () => {
    fc.assert(
      fc.property(
        fields,
        fc.uniqueArray(fc.constantFrom('Server', 'x-b', 'Set-Cookie', 'date', `x-${'C'.repeat(61)}`), {
          maxLength: 2,
        }),
        fc.array(fc.tuple(fc.constantFrom('X-New', 'Server', 'x-a'), fc.constantFrom('1', '')), {
          maxLength: 2,
        }),
        (all, removed, set) => {
          const spec = specOf(targets(1), {
            remove_response_header: removed,
            set_response_header: set.map(([name, value]) => ({ name, value })),
          });
          const expected = responseFields(spec, all.flat());
          const pairs = expected.flatMap((part, i) => (i % 2 === 0 ? [`${part}: ${expected[i + 1]}`] : []));
          const added = set.map(([name, value]) => `${name}: ${value}`);
          const names = [...removed, ...set.map(([name]) => name)];
          const edited = edit(ok(...all.map(([name, value]) => `${name}: ${value}`)), names, added);
          const got = edited.slice(0, -4).split('\r\n').slice(1);
          const comparable = (list: string[]) => list.filter((line) => !/^date: ..., /.test(line)).sort();
          expect(comparable(got)).toEqual(comparable(pairs));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
