import { expect, test } from 'vitest';
import { isIdempotent, maxForwards, requestFields, type UpstreamOptions } from '../src/index.ts';
import type { RequestContext } from '../src/request-fields.ts';
import { specOf, target, targets } from './spec.ts';

const base: RequestContext = {
  method: 'GET',
  version: '1.1',
  target: '/a',
  upstream: target('http://10.0.0.1:8080'),
  peer: '192.0.2.7',
  secure: false,
  trusted: false,
};

/** One line a field. */
function sent(
  lines: readonly string[],
  context: Partial<RequestContext> = {},
  options: Partial<UpstreamOptions> = {},
): string[] {
  const raw = lines.flatMap((line) => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const fields = requestFields(specOf(targets(1), options), raw, { ...base, ...context });
  return fields.flatMap((part, i) => (i % 2 === 0 ? [`${part}: ${fields[i + 1]}`] : []));
}

/** Without those that are added to every request. */
function passed(...args: Parameters<typeof sent>): string[] {
  return sent(...args).filter((line) => !/^(?:x-forwarded-(?:for|proto|host)|forwarded|via): /.test(line));
}

const added = [
  'x-forwarded-for: 192.0.2.7',
  'x-forwarded-proto: http',
  'x-forwarded-host: a.example:81',
  'forwarded: for=192.0.2.7;host="a.example:81";proto=http',
  'via: 1.1 flexilib',
];

test('fields go on as they were written, in order, and who asks for what is added', () => {
  expect(
    sent(['Host: a.example:81', 'ACCEPT: */*', 'cookie: a=1', 'Cookie: b=2', 'Content-Length: 3']),
  ).toEqual([
    'host: a.example:81',
    'ACCEPT: */*',
    'cookie: a=1',
    'Cookie: b=2',
    'Content-Length: 3',
    ...added,
  ]);
});

test('what is of one connection ends here', () => {
  const lines = [
    'Connection: keep-alive, X-Own , ,close',
    'connection: Other',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'TE: gzip',
    'Transfer-Encoding: chunked',
    'Upgrade: h2c',
    'HTTP2-Settings: AAM',
    'Proxy-Authorization: Basic eA==',
    'Proxy-Authenticate: Basic',
    'Proxy: http://evil.example',
    'X-Own: 1',
    'other: 2',
    'Trailer: x-sum',
  ];
  expect(passed(['Host: a', ...lines])).toEqual(['host: a', 'Trailer: x-sum']);
});

test('Connection cannot take along what says from whom and for whom a request is', () => {
  const connection =
    'Connection: Host, Content-Length, X-Forwarded-For, x-forwarded-proto, X-Forwarded-Host, Forwarded, Via, X-Real-IP, te';
  expect(sent([connection, 'Host: a.example:81', 'Content-Length: 3'])).toEqual([
    'host: a.example:81',
    'Content-Length: 3',
    ...added,
  ]);
  expect(sent([connection, 'Host: a', 'X-Real-IP: 9', 'X-Forwarded-For: 8'], { trusted: true })).toEqual(
    expect.arrayContaining(['X-Real-IP: 9', 'x-forwarded-for: 8, 192.0.2.7']),
  );
  // Nor what the route sets.
  const set = { set_request_header: [{ name: 'X-Secret', value: 's' }] };
  expect(passed(['Host: a', 'Connection: X-Secret'], {}, set)).toEqual(['host: a', 'X-Secret: s']);
});

test('trailers may go on where the client can take them', () => {
  const te = (value: string, version = '1.1') =>
    passed(['Host: a', `TE: ${value}`, 'Connection: TE'], { version });
  expect(te('trailers')).toEqual(['host: a', 'te: trailers', 'connection: te']);
  expect(te('gzip;q=0.5 , Trailers')).toEqual(['host: a', 'te: trailers', 'connection: te']);
  expect(te('xtrailers')).toEqual(['host: a']);
  expect(te('trailers', '1.0')).toEqual(['host: a']);
});

const claims = [
  'Forwarded: for=1.1.1.1;host=evil',
  'X-Forwarded-For: 1.1.1.1',
  'X-Forwarded-For: 2.2.2.2',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: evil.example',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Server: evil',
  'X-Real-IP: 1.1.1.1',
  'X_Forwarded_Port: 1',
  'x_real-ip: 1.1.1.1',
];

test('what a client says of where it comes from is dropped', () => {
  expect(sent(['Host: a.example:81', ...claims])).toEqual(['host: a.example:81', ...added]);
});

test('what a trusted proxy says of it goes on', () => {
  expect(sent(['Host: a', ...claims], { trusted: true })).toEqual([
    'host: a',
    ...claims.slice(3),
    'x-forwarded-for: 1.1.1.1, 2.2.2.2, 192.0.2.7',
    'forwarded: for=1.1.1.1;host=evil, for=192.0.2.7;host="a";proto=http',
    'via: 1.1 flexilib',
  ]);
  expect(sent(['Host: a.example:81'], { trusted: true })).toEqual(['host: a.example:81', ...added]);
});

test.each([
  ['::1', '::1', '"[::1]"'],
  ['fe80::1%eth0', 'fe80::1', '"[fe80::1]"'],
  ['::ffff:192.0.2.9', '192.0.2.9', '192.0.2.9'],
  ['', 'unknown', 'unknown'],
])('the peer «%s» is %s', (peer, plain, node) => {
  const lines = sent(['Host: a'], { peer, secure: true });
  expect(lines).toContain(`x-forwarded-for: ${plain}`);
  expect(lines).toContain(`forwarded: for=${node};host="a";proto=https`);
  expect(lines).toContain('x-forwarded-proto: https');
});

test('each proxy is in Via, a client of 1.0 too', () => {
  expect(sent(['Host: a', 'Via: 1.0 one', 'VIA: 1.1 two'])).toContain('via: 1.0 one, 1.1 two, 1.1 flexilib');
  expect(sent([], { version: '1.0' })).toContain('via: 1.0 flexilib');
});

test.each([
  ['keep', 'http://10.0.0.1:8080', 'a.example'],
  ['upstream', 'http://10.0.0.1:8080', '10.0.0.1:8080'],
  ['upstream', 'http://b.example', 'b.example'],
  ['upstream', 'https://b.example', 'b.example'],
  ['upstream', 'https://b.example:80', 'b.example:80'],
  ['upstream', 'http://[::1]:8080', '[::1]:8080'],
  ['c.example:1', 'http://b.example', 'c.example:1'],
])('host = %s before %s gives %s', (host, url, expected) => {
  const upstream = target(url);
  expect(passed(['Host: a.example'], { upstream }, { host })).toEqual([`host: ${expected}`]);
});

test('a Unix socket has the host localhost', () => {
  const upstream = target('http://localhost', { host: 'localhost', port: 0, socket: '/run/a.sock' });
  expect(passed([], { upstream })).toEqual(['host: localhost']);
});

test('the host of an absolute target counts, whatever Host says', () => {
  const lines = sent(['Host: evil.example'], { target: 'http://user:x@a.example:81/b?c@d' });
  expect(lines).toEqual(['host: a.example:81', ...added]);
  expect(passed(['Host: b'], { target: 'http://a"b/c' })).toEqual(['host: b']);
});

test('a client without Host is told nothing of', () => {
  expect(sent([], { version: '1.0' })).toEqual([
    'host: 10.0.0.1:8080',
    'x-forwarded-for: 192.0.2.7',
    'x-forwarded-proto: http',
    'forwarded: for=192.0.2.7;proto=http',
    'via: 1.0 flexilib',
  ]);
});

test('the route removes and sets fields, those of ours too', () => {
  const options = {
    remove_request_header: ['Cookie', 'VIA', 'x-forwarded-for'],
    set_request_header: [
      { name: 'X-A', value: 'ours' },
      { name: 'Host', value: 'set.example' },
    ],
  };
  expect(sent(['Host: a', 'cookie: 1', 'x-a: theirs', 'X-A: theirs', 'B: 1'], {}, options)).toEqual([
    'B: 1',
    'x-forwarded-proto: http',
    'x-forwarded-host: a',
    'forwarded: for=192.0.2.7;host="a";proto=http',
    'X-A: ours',
    'Host: set.example',
  ]);
});

test('Max-Forwards counts down for OPTIONS and TRACE only', () => {
  for (const method of ['OPTIONS', 'TRACE'])
    expect(passed(['Host: a', 'Max-Forwards: 3'], { method })).toEqual(['host: a', 'max-forwards: 2']);
  expect(passed(['Host: a', 'Max-Forwards: 3'])).toEqual(['host: a', 'Max-Forwards: 3']);
  expect(maxForwards('TRACE', ['Max-Forwards', '0'])).toBe(0);
  expect(maxForwards('OPTIONS', ['max-forwards', '70'])).toBe(70);
  for (const value of ['', '-1', '1.5', '0x1', '1e3', '12345678901234567890'])
    expect(maxForwards('OPTIONS', ['max-forwards', value])).toBeNull();
  expect(maxForwards('OPTIONS', [])).toBeNull();
  expect(maxForwards('GET', ['max-forwards', '0'])).toBeNull();
});

test('names that objects have are names like others', () => {
  const lines = ['constructor: 1', '__proto__: 2', 'toString: 3'];
  expect(passed(['Host: a', 'Connection: toString, __proto__', ...lines])).toEqual([
    'host: a',
    'constructor: 1',
  ]);
});

test('methods that may be sent twice', () => {
  expect(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'].every(isIdempotent)).toBe(true);
  expect(['POST', 'PATCH', 'CONNECT', 'LOCK', 'get', ''].some(isIdempotent)).toBe(false);
});
