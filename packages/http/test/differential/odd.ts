// Requests that are valid, and may be for node:http only.
import fc from 'fast-check';
import { chunkedRequest } from './chunked.ts';
import odd from './corpus/odd.json' with { type: 'json' };
import { fields } from './fields.ts';
import { BODY_MAX, body, EDGE_BODY_MAX, filler, type Request, reading, render, target } from './plain.ts';
import { type Data, expand } from './script.ts';

const expecting = fc
  .record({
    target,
    fields,
    body: fc.oneof(body, fc.constant(filler(EDGE_BODY_MAX + 1))),
    expect: fc.constantFrom('100-continue', '100-continue', '100-Continue', 'nothing', ''),
    waits: fc.boolean(),
  })
  .map(
    ({ target, fields, body, expect, waits }): Request => ({
      kind: 'odd',
      head: render('PUT', target, '1.1', [...fields, `Expect: ${expect}`, `Content-Length: ${body.length}`]),
      body,
      waits,
    }),
  );

const expectingChunks = fc.tuple(chunkedRequest, fc.boolean()).map(
  ([{ head, body }, waits]): Request => ({
    kind: 'odd',
    head: head.replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'),
    body,
    waits,
  }),
);

const connections = fc.constantFrom(
  ...[
    'Keep-Alive',
    'CLOSE',
    'keep-alive, foo',
    'foo, close',
    'foo,Close,bar',
    'close, keep-alive',
    'upgrade',
  ],
  ...[
    'keep-alive, close',
    'TE',
    '',
    ',',
    'keep-alive,',
    'close\r\nConnection: keep-alive',
    'closed',
    'x-close',
  ],
  ...['keep-alive\r\nConnection: close', 'keep-alive\r\nconnection: foo', 'Upgrade\r\nUpgrade: websocket'],
  ...['Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: a', 'close\r\nKeep-Alive: timeout=5'],
);

/** Its own ideas of the connection, version and Host. */
const unusual = fc
  .record({
    method: fc.oneof(
      fc.constantFrom('GET', 'POST', 'HEAD'),
      fc.constantFrom('PROPFIND', 'M-SEARCH', 'TRACE', 'LOCK', 'PURGE', 'LINK', 'QUERY', 'SOURCE'),
    ),
    target: fc.oneof(
      { weight: 4, arbitrary: target },
      target.map((target) => `http://a.example:80${target}`.slice(0, 8192)),
      fc.constantFrom('http://a', 'HTTPS://a/describe', 'http://a?b', 'http://[::1]/echo'),
    ),
    version: fc.constantFrom('1.1', '1.1', '1.0'),
    hasHost: fc.boolean(),
    fields,
    name: fc.constantFrom('Connection', 'connection', 'CONNECTION', 'Proxy-Connection', 'X-None'),
    connection: connections,
    body: fc.option(body),
    length: fc.constantFrom('', '', '00', '0000000000000000'),
  })
  .map(({ method, target, version, hasHost, fields, name, connection, body, length }): Request => {
    const given = version === '1.1' || hasHost ? fields : fields.filter((field) => !/^host:/i.test(field));
    const all = [...given, `${name}: ${connection}`];
    if (body !== null) all.push(`Content-Length: ${length}${body.length}`);
    return { kind: 'odd', head: render(method, target, version, all), body: body ?? '' };
  });

const spacing = fc.constantFrom<(field: string) => string>(
  (field) => field.replace(': ', ':'),
  (field) => field.replace(': ', ': \t '),
  (field) => `${field} \t`,
  (field) => field.replace(/: .*/, ':'),
  (field) => field.replace(/: .*/, ': \t'),
  (field) => `${field}\tb`,
  (field) => `${field} \xe9\x80\xff`,
);
/** Legal bytes and blanks that the subset does without; in Host some of them are refused. */
const spaced = fc
  .tuple(target, fields, fc.array(spacing, { minLength: 1, maxLength: 3 }), fc.nat(6), fc.nat(2))
  .map(
    ([target, fields, changes, at, empty]): Request => ({
      kind: 'odd',
      head:
        '\r\n'.repeat(empty) +
        render(
          'GET',
          target,
          '1.1',
          fields.map((field, i) => (i >= at || i === 0 ? changes[i % changes.length](field) : field)),
        ),
      body: '',
    }),
  );

const large = fc
  .tuple(reading, fields, fc.constantFrom(EDGE_BODY_MAX + 1, 100_000, BODY_MAX, BODY_MAX + 1, 400_000))
  .map(
    ([target, fields, length]): Request => ({
      kind: 'odd',
      head: render('POST', target, '1.1', [...fields, `Content-Length: ${length}`]),
      body: filler(length),
    }),
  );

const listed = fc
  .constantFrom(...(odd as [what: string, bytes: Data][]))
  .map(([, bytes]): Request => ({ kind: 'odd', head: expand(bytes), body: '' }));

export const oddRequest: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: unusual },
  { weight: 2, arbitrary: chunkedRequest },
  { weight: 2, arbitrary: spaced },
  { weight: 2, arbitrary: listed },
  { weight: 1, arbitrary: expecting },
  { weight: 1, arbitrary: expectingChunks },
  { weight: 1, arbitrary: large },
);
