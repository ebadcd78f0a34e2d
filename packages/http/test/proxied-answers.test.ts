// Answers of all kinds through both ways of the proxy: the client gets the same, the log has the same, and the operator is told
// of the same.
//
// FLEXILIB_CASES=10000           how many answers, 300 by default
// FLEXILIB_SEED, FLEXILIB_PATH   the run that a failure names
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { open } from './client.ts';
import { type EdgeServed, startEdgeDoor } from './start.ts';
import { logged } from './suite/use-server.ts';
import { startUpstream, type Upstream } from './upstream.ts';

const { FLEXILIB_CASES = '300', FLEXILIB_SEED, FLEXILIB_PATH } = process.env;
const numRuns = Number(FLEXILIB_CASES);

const line = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('HTTP/1.1 200 OK', 'HTTP/1.1 404 Not  Found', 'HTTP/1.0 200 OK') },
  {
    weight: 2,
    arbitrary: fc.constantFrom('HTTP/1.1 204 No', 'HTTP/1.1 304 Not', 'HTTP/1.1 999 \xe9', 'HTTP/1.1 600 '),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['HTTP/1.1 099 No', 'HTTP/1.1 101 Yes', 'HTTP/1.2 200 OK', 'HTTP/2.0 200 OK', 'HTTP/1.1 20 OK'],
      ...['HTTP/1.1 1000 OK', 'http/1.1 200 OK', 'HTTP/1.1 200 O\0K', 'HTTP/1.1 200 O\rK', '', 'SSH-2.0-x'],
    ),
  },
);
const field = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      ...[
        'A: 1',
        'a: 2',
        'X-Long: '.padEnd(3000, 'a'),
        'Set-Cookie: a',
        'Set-Cookie: b',
        'Empty:',
        'B:\t \xff ',
      ],
      ...[
        'Connection: close',
        'Connection: keep-alive',
        'Connection: a, B',
        'Keep-Alive: timeout=5',
        'Via: 1.1 a',
      ],
      ...['Date: today', 'Trailer: x', 'TE: trailers', 'Upgrade: h2c', 'Proxy-Authenticate: a', 'Server: a'],
      ...[
        'X-Drop: 1',
        'X-Set: 1',
        'Proxy-Connection: close',
        'Expires: 0',
        'Connection: content-length, date',
      ],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...['X y: 1', 'X : 1', ': 1', 'X', 'X: a\0b', 'X: a\rb', 'X: a\nb: c', ' folded', 'X: \x7f', '\xe9: a'],
      ...['Content-Length: +5', 'Content-Length: ', 'Content-Length: 5, 5', 'Transfer-Encoding: gzip'],
      ...[
        'Transfer-Encoding: gzip, chunked',
        'Content-Length: 18446744073709551616',
        'X: '.padEnd(70_000, 'a'),
      ],
      ...['Content-Length: 0000000000000000005', 'Transfer-Encoding: identity'],
    ),
  },
);
const framed = fc.constantFrom<[fields: string[], body: string]>(
  [['Content-Length: 5'], 'hello'],
  [['content-length: 0'], ''],
  [['Content-Length: 05'], 'hello'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: Chunked'], '2;a=b\r\nhe\r\n003\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n'],
  // Of a trailer the complete way passes on less: what must not be in one (RFC 9110, 6.5.1) stays behind.
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nX-Sum: a\r\nX: b\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhellox\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], '5\nhello\n0\n\n'],
  [['Transfer-Encoding: chunked'], 'fffffffffffffffff\r\nhello\r\n'],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n'],
  [['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked', 'Content-Length: 5'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Content-Length: 5', 'Content-Length: 5'], 'hello'],
  [['Content-Length: 9'], 'hello'],
  [[], 'hello'],
  [[], ''],
);
const answer = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD'),
  interims: fc.array(
    fc.constantFrom(
      'HTTP/1.1 103 Hints\r\nLink: a\r\nConnection: b\r\nB: 1\r\n\r\n',
      'HTTP/1.1 102 P\r\n\r\n',
    ),
    { maxLength: 2 },
  ),
  line,
  fields: fc.array(field, { maxLength: 6 }),
  framed,
  at: fc.nat(6),
});

let upstream: Upstream;
let server: EdgeServed;
beforeAll(async () => {
  upstream = await startUpstream();
  server = await startEdgeDoor({
    routes: `/ = ${upstream.url}\n[/]\nretries = 0\neject_after = 1000\nset_response_header = X-Set: ours\nremove_response_header = x-drop\n`,
  });
});
afterAll(async () => {
  await server.close(0);
  await upstream.close();
});

interface Told {
  text: string;
  record: string;
  faults: number;
}

/** The client's Connection says which way it goes. */
async function relayed(method: string, bytes: string, connection: string): Promise<Told> {
  server.access.length = 0;
  server.faults.length = 0;
  upstream.onRequest = (socket) => void socket.end(bytes, 'latin1');
  const client = await open(server.port);
  client.send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: ${connection}\r\n\r\n`);
  client.half();
  const text = meaningOf(await client.closed(), method === 'HEAD');
  await logged(server, 1);
  const [{ status, bytes: sent }] = server.access;
  return { text, record: text === 'broken' ? '' : `${status} ${sent}`, faults: server.faults.length };
}

/**
 * What the client makes of it: the same in other chunks, or with other blanks around values, is the same, and node:http tells the framing at the end. Where an answer
 * breaks, how much of it has gone on by then is chance.
 */
function meaningOf(text: string, isHead: boolean): string {
  const interims = /^(?:HTTP\/1\.1 1\d\d .*?\r\n\r\n)*/s.exec(text)![0];
  const end = text.indexOf('\r\n\r\n', interims.length) + 4;
  const head = text
    .slice(0, end)
    .replace(/^date: .* GMT\r$/gm, 'date: DATE\r')
    .replace(/^([^:\r]+:)[ \t]*(.*?)[ \t]*\r$/gm, '$1 $2\r')
    .replace(/^(HTTP\/1\.1 \d{3}) ?\r$/gm, '$1\r');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text.slice(interims.length))?.[1];
  if (status === undefined || status === '502') return 'broken';
  const rest = text.slice(end);
  if (isHead || status === '204' || status === '304') return rest === '' ? head : 'too long';
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(head.slice(interims.length))?.[1];
  if (length !== undefined) return rest.length < Number(length) ? 'broken' : head + rest;
  const body = unchunked(rest);
  return body === null ? 'broken' : `${head.replace(/transfer-encoding: chunked\r\n/i, '')}${body}`;
}

/** null: it isn't whole. What follows the last chunk is told too. */
function unchunked(text: string): string | null {
  let body = '';
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf('\r\n', at) + 2;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 2 || Number.isNaN(size)) return null;
    if (size === 0) return `${body}, trailer ${text.slice(lineEnd)}`;
    body += text.slice(lineEnd, lineEnd + size);
    at = lineEnd + size + 2;
  }
}

it(`${numRuns} answers`, { timeout: 60_000 + numRuns * 100 }, async () => {
  const property = fc.asyncProperty(answer, async ({ method, interims, line, fields, framed, at }) => {
    const all = fields.toSpliced(at, 0, ...framed[0]);
    const bytes = `${interims.join('')}${[line, ...all].join('\r\n')}\r\n\r\n${framed[1]}`;
    const before = server.edge().handedOver;
    const fast = await relayed(method, bytes, 'close');
    expect(server.edge().handedOver).toBe(before);
    expect(fast).toEqual(await relayed(method, bytes, 'x, close'));
    expect(server.edge().handedOver).toBe(before + 1);
  });
  const seed = Number(FLEXILIB_SEED ?? 1);
  await fc.assert(property, { seed, numRuns, path: FLEXILIB_PATH ?? '' });
});
