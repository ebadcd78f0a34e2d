import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestBytes } from '../src/bytes/request.ts';
import {
  createComposer,
  describeClient,
  rawHeaders,
  requestFields,
  rewriteTarget,
  type UpstreamOptions,
  type UpstreamSpec,
} from '../src/index.ts';
import { specOf, target } from './spec.ts';

const AT = 3;
const GUARD = 0xa5;

interface Plain {
  method: string;
  target: string;
  fields: [name: string, blank: string, value: string, blankAfter: string][];
  body: string;
}

interface Asked {
  bytes: Buffer;
  request: RequestBytes;
  fields: Int32Array;
  /** Where the composer may write from on. */
  out: number;
}

/** A request as the edge's parser leaves it, with room after it. */
function ask({ method, target, fields, body }: Plain, room: number): Asked {
  let text = `${method} ${target} HTTP/1.1\r\n`;
  const offsets = new Int32Array(400);
  for (const [i, [name, blank, value, blankAfter]] of fields.entries()) {
    const start = AT + text.length;
    text += `${name}:${blank}${value}${blankAfter}\r\n`;
    offsets.set([start, name.length, start + name.length + 1 + blank.length, value.length], 4 * i);
  }
  text += '\r\n';
  const out = AT + text.length + body.length + 5;
  const bytes = Buffer.alloc(out + room + 64, GUARD);
  bytes.write(text + body, AT, 'latin1');
  const request = {
    from: AT,
    methodLength: method.length,
    targetStart: AT + method.length + 1,
    targetLength: target.length,
    fieldCount: fields.length,
    contentStart: AT + text.length,
    contentLength: body.length,
  };
  return { bytes, request, fields: offsets, out };
}

interface Client {
  address: string;
  trusted: boolean;
}

/** What the upstream has, as Latin-1; null: there was no room. Nothing else is written to. */
function compose(spec: UpstreamSpec, plain: Plain, client: Client, room = 200_000): string | null {
  const { bytes, request, fields, out } = ask(plain, room);
  const before = Buffer.from(bytes.subarray(0, out));
  const lines = describeClient(client.address, client.trusted);
  const [to] = spec.targets;
  const end = createComposer(spec)(bytes, request, fields, lines, to!, out, out + room);
  expect(bytes.subarray(0, out).equals(before)).toBe(true);
  expect(bytes.subarray(out + room).every((byte) => byte === GUARD)).toBe(true);
  if (end < 0) return null;
  expect(end).toBeLessThanOrEqual(out + room);
  return bytes.toString('latin1', out, end);
}

/** The same, made by the functions of the other way. */
function expected(
  spec: UpstreamSpec,
  plain: Plain,
  client: Client,
): { line: string; fields: string[]; body: string } {
  const { bytes, request, fields } = ask(plain, 0);
  const [upstream] = spec.targets;
  const context = {
    method: plain.method,
    version: '1.1',
    target: plain.target,
    upstream: upstream!,
    peer: client.address,
    secure: false,
  };
  const all = requestFields(spec, rawHeaders(bytes, request, fields), {
    ...context,
    trusted: client.trusted,
  });
  const isLong = ({ fields }: Plain): boolean =>
    fields.some(([name]) => name.toLowerCase() === 'content-length');
  // The other way frames all bodies itself.
  if (/^P/.test(plain.method) && plain.body === '' && !isLong(plain)) all.push('content-length', '0');
  return {
    line: `${plain.method} ${rewriteTarget(spec, plain.target)} HTTP/1.1`,
    fields: all.flatMap((part, i) => (i % 2 === 0 ? [`${part.toLowerCase()}: ${all[i + 1]}`] : [])).sort(),
    body: plain.body,
  };
}

function split(text: string): { line: string; fields: string[]; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const [line, ...fields] = text.slice(0, end).split('\r\n');
  const lower = fields.map((field) => {
    const [, name, value] = /^([^: ]+): *(.*?) *$/.exec(field)!;
    return `${name!.toLowerCase()}: ${value}`;
  });
  return { line: line!, fields: lower.sort(), body: text.slice(end + 4) };
}

const of = (fields: string[], more: Partial<Plain> = {}): Plain => ({
  method: 'GET',
  target: '/a/b?c',
  fields: fields.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), ' ', field.slice(colon + 1).trim(), ''];
  }),
  body: '',
  ...more,
});

const backend = target('http://10.0.0.1:8080');
const plainSpec = specOf([backend]);
const someone: Client = { address: '192.0.2.7', trusted: false };

test('a request goes on as it is, but for what is said of its client', () => {
  expect(compose(plainSpec, of(['Host: a:81', 'Accept:  */*', 'cookie: a', 'Cookie: b']), someone)).toBe(
    [
      'GET /a/b?c HTTP/1.1',
      ...[
        'Host: a:81',
        'Accept: */*',
        'cookie: a',
        'Cookie: b',
        'x-forwarded-for: 192.0.2.7',
        'x-forwarded-proto: http',
      ],
      ...[
        'via: 1.1 flexilib',
        'forwarded: for=192.0.2.7;host="a:81";proto=http',
        'x-forwarded-host: a:81',
        '',
        '',
      ],
    ].join('\r\n'),
  );
});

describe.each([
  'Connection: keep-alive',
  'Connection: close',
  'Keep-Alive: 5',
  'Proxy: a',
  'Proxy-Authorization: a',
  'HTTP2-Settings: a',
  'X-Forwarded-For: 1.2.3.4',
  'X_Forwarded_For: 1.2.3.4',
  'x_forwarded-for: 1.2.3.4',
  'X-Forwarded_Host: a',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Port: 1',
  'X-Forwarded-Prefix: /a',
  'X-Forwarded-Server: a',
  'X-Real-IP: 1.2.3.4',
  'X_REAL_IP: 1.2.3.4',
  'Forwarded: for=1.2.3.4',
])('%s', (field) => {
  const bare = split(compose(plainSpec, of(['Host: a', 'A: b']), someone)!);

  test.each([
    ['first', ['%', 'Host: a', 'A: b']],
    ['last', ['Host: a', 'A: b', '%']],
    ['between', ['Host: a', '%', 'A: b']],
    ['twice', ['Host: a', '%', '%', 'A: b']],
    ['all over', ['%', 'Host: a', '%', 'A: b', '%']],
  ])('does not go on where it stands %s', (_where, fields) => {
    const asked = of(fields.map((line) => (line === '%' ? field : line)));
    expect(split(compose(plainSpec, asked, someone)!)).toEqual(bare);
  });
});

const tokenChars = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).filter((c) =>
  /[\w!#$%&'*+.^`|~-]/.test(c),
);
const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i));
const meaning = 'connection host content-length transfer-encoding expect upgrade proxy-connection'.split(' ');
const name = fc.oneof(
  fc
    .string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 26 })
    .filter((name) => !meaning.includes(name.toLowerCase())),
  fc.mixedCase(
    fc.constantFrom(
      ...[
        'keep-alive',
        'proxy',
        'proxy-authorization',
        'proxy-authenticate',
        'proxy-authentication-info',
        'http2-settings',
      ],
      ...[
        'forwarded',
        'x-forwarded-for',
        'x-forwarded-proto',
        'x-forwarded-host',
        'x-forwarded-port',
        'x-real-ip',
        'via',
        'te',
      ],
      ...[
        'x_forwarded_for',
        'x-forwarded_proto',
        'x_real_ip',
        'keep_alive',
        'proxy_authorization',
        'http2_settings',
        'max_forwards',
      ],
      ...[
        'x-forwarded-prefix',
        'x-forwarded-server',
        'x-forwarded-by',
        'max-forwards',
        'cookie',
        'x-a',
        'x-b',
        'priority',
      ],
    ),
  ),
);
const value = fc.oneof(
  fc
    .array(fc.string({ unit: fc.constantFrom(...visible), maxLength: 12 }), { maxLength: 3 })
    .map((words) => words.join(' ').trim()),
  fc.constantFrom(
    'trailers',
    'gzip, trailers;q=0.5',
    '1.2.3.4',
    '1.2.3.4, 5.6.7.8',
    'for=1.2.3.4',
    '5',
    '0',
    'https',
    'a.example',
    'a'.repeat(100),
  ),
);
const blank = fc.constantFrom(' ', '', '   ');
const hostValue = fc.constantFrom('a.example', 'a:81', '[::1]:80', "a_b.!$&'()*+,;=%20", '');
const connection = fc.constantFrom<[string, string, string, string][]>(
  [],
  [['Connection', ' ', 'close', '']],
  [['connection', '', 'Keep-Alive', ' ']],
);
const plain: fc.Arbitrary<Plain> = fc
  .tuple(
    fc.constantFrom('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'PATCH', 'OPTIONS'),
    fc.oneof(
      fc.constantFrom(
        '/',
        '/app',
        '/app/',
        '/app/a/../b',
        '/app//a',
        '/app/%2e%2e/c?d=/../e',
        '//a',
        '/app?',
        "/app/a'b?%zz&[]",
      ),
      fc
        .string({ unit: fc.constantFrom(...visible.filter((c) => c !== '#')), maxLength: 40 })
        .map((text) => `/app/${text}`),
    ),
    fc.array(fc.tuple(name, blank, value, blank), { maxLength: 6 }),
    fc.tuple(fc.mixedCase(fc.constant('host')), blank, hostValue, blank),
    connection,
    fc.option(
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)), maxLength: 50 }),
    ),
    fc.nat(),
  )
  .map(([method, target, fields, host, connection, body, at]) => {
    const all = [...fields, ...connection];
    if (body !== null) all.splice(at % (all.length + 1), 0, ['Content-Length', ' ', String(body.length), '']);
    all.splice((at >> 4) % (all.length + 1), 0, host);
    return { method, target, fields: all, body: body ?? '' };
  });

const headers: fc.Arbitrary<string[]> = fc.array(
  fc.constantFrom('X-A', 'host', 'Via', 'X-Forwarded-For', 'Forwarded', 'cookie', 'te'),
  { maxLength: 2 },
);
const options: fc.Arbitrary<Partial<UpstreamOptions>> = fc
  .record({
    host: fc.constantFrom('keep', 'keep', 'upstream', 'c.example:82'),
    strip_prefix: fc.boolean(),
    add_prefix: fc.constantFrom(undefined, undefined, '/v1', '/v1/'),
    rewrite: fc.constantFrom([], [], [{ pattern: /^\/app\/(.*)/, replacement: '/x/$1?y=\xe9' }]),
    remove_request_header: fc.oneof(fc.constant<string[]>([]), headers),
    set: fc.oneof(fc.constant<string[]>([]), headers),
  })
  .map(({ set, ...rest }) => ({
    ...rest,
    set_request_header: set.map((name, i) => ({ name, value: String(i) })),
  }));
const client = fc.record({
  address: fc.constantFrom('192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7', 'fe80::1%eth0', ''),
  trusted: fc.constantFrom(false, false, true),
});
const upstream = fc.constantFrom(
  backend,
  target('http://[2001:db8::9]'),
  target('http://b.example'),
  target('http://localhost', { socket: '/run/a.sock', host: 'localhost' }),
);

/** Who has it may have to answer itself, which the other way does. */
const isCounted = ({ method, fields }: Plain): boolean =>
  method === 'OPTIONS' && fields.some(([name]) => name.toLowerCase() === 'max-forwards');

test('says the same as on the other way', () => {
  fc.assert(
    fc.property(plain, options, client, upstream, (asked, options, client, upstream) => {
      const spec = specOf([upstream], options, '/app');
      const text = compose(spec, asked, client);
      expect(text === null).toBe(isCounted(asked));
      if (text === null) return;
      expect(split(text)).toEqual(expected(spec, asked, client));
      // One blank line ends the head, and no field is within another.
      expect(text.slice(0, text.length - asked.body.length)).toMatch(
        /^[^\r\n]+\r\n(?:[^\s:]+: *[^\r\n]*\r\n)+\r\n$/,
      );
    }),
    { numRuns: 5000 },
  );
});

test('writes nothing past its limit, and all that fits', () => {
  fc.assert(
    fc.property(
      plain,
      options,
      client,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (asked, options, client, share) => {
        const spec = specOf([backend], options, '/app');
        const whole = compose(spec, asked, client);
        if (whole === null) return;
        const room = Math.floor(share * whole.length);
        const text = compose(spec, asked, client, room);
        expect(text === null || text === whole).toBe(true);
        expect(compose(spec, asked, client, 2 * whole.length + 1000)).toBe(whole);
      },
    ),
    { numRuns: 2000 },
  );
});
