// Requests that the edge must answer: the strict subset, all of it. Some few are odd, for they may wait for a body.
import fc from 'fast-check';
import { codes, fields, filling } from './fields.ts';

export interface Request {
  /** odd: valid, for whichever door. malformed: what comes of it ends the connection. */
  kind: 'plain' | 'odd' | 'malformed';
  head: string;
  body: string;
  /** The client waits for a 100 before it sends the body. */
  waits?: boolean;
}

/** proxy.ini for these requests: pool and loop, no library, no route. */
export const routes: string = `
X-Run: inline / = ./lib.so
/echo = ./lib.so
/describe = ./lib.so
/respond = ./lib.so
/big/ = ./lib.so
/sleep/ = ./lib.so
/gate = ./lib.so
/null = ./lib.so
/split/ = ./lib.so
/missing = ./none.so

[X-Run: inline /]
run = inline
[/describe]
run = inline
[/split/]
run = inline
`;

export const BODY_MAX = 150_000;
export const EDGE_BODY_MAX: number = 64 << 10;
const TARGET_MAX = 8192;

/** Seven letters over and over: no size of a buffer is a multiple. */
export const filler = (length: number): string => 'abcdefg'.repeat(Math.ceil(length / 7)).slice(0, length);

const smallBody = fc.oneof(
  fc.string({ unit: fc.constantFrom(...codes(0, 255)), maxLength: 40 }),
  fc.constantFrom('\r\n\r\n', 'GET /echo HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n'),
  fc.integer({ min: 0, max: 3000 }).map(filler),
);
export const body: fc.Arbitrary<string> = fc.oneof(
  { weight: 20, arbitrary: smallBody },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: EDGE_BODY_MAX }).map(filler) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(16_383, 16_384, 16_385, EDGE_BODY_MAX - 1, EDGE_BODY_MAX).map(filler),
  },
);

export const reading: fc.Arbitrary<string> = fc.constantFrom('/echo', '/describe', '/respond');
const path = fc.oneof(
  { weight: 8, arbitrary: reading },
  { weight: 1, arbitrary: fc.constantFrom('/null', '/split/value', '/split/reason', '/sleep/1', '/missing') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('/other', '/', '/big/0', '/big/1000', '/big/65536', '/big/300000'),
  },
);
const query = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  {
    weight: 4,
    arbitrary: fc
      .string({ unit: fc.constantFrom(...codes(0x21, 0x7e, '#')), maxLength: 30 })
      .map((text) => `?${text}`),
  },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: TARGET_MAX }).map((n) => `?${filler(n)}`) },
  { weight: 1, arbitrary: fc.constant(`?${filler(TARGET_MAX)}`) },
);
export const target: fc.Arbitrary<string> = fc
  .tuple(path, query)
  .map(([path, query]) => (path + query).slice(0, TARGET_MAX));

export const render = (method: string, target: string, version: string, fields: string[]): string =>
  `${[`${method} ${target} HTTP/${version}`, ...fields].join('\r\n')}\r\n\r\n`;

const method = fc.oneof(
  { weight: 4, arbitrary: fc.constant('GET') },
  { weight: 4, arbitrary: fc.constant('POST') },
  { weight: 3, arbitrary: fc.constantFrom('HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS') },
);
const connection = fc.oneof(
  { weight: 20, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.constant('Connection: keep-alive') },
  { weight: 1, arbitrary: fc.constant('connection: close') },
);

/** Without a route or a library; a body that isn't here yet makes it one for node:http. */
const isUnserved = (target: string) => /^\/(?:other|missing)?(?:\?|$)/.test(target);

export const plain: fc.Arbitrary<Request> = fc
  .record({
    method,
    target,
    fields,
    fill: filling,
    body: fc.option(body),
    connection,
  })
  .map(({ method, target, fields, fill, body, connection }) => {
    const all = [...fields];
    if (connection) all.push(connection);
    if (body !== null) all.splice(all.length >> 1, 0, `Content-Length: ${body.length}`);
    const kind = body && isUnserved(target) ? 'odd' : 'plain';
    return { kind, head: render(method, target, '1.1', fill(all)), body: body ?? '' };
  });

export const isClosing = ({ head }: Request): boolean => /\r\nconnection: close\r\n/.test(head);
