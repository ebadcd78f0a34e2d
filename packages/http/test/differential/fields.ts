// Field lines as the strict subset has them.
import fc from 'fast-check';

const FIELDS_MAX = 100;
const FIELD_BYTES_MAX = 16_384;

export const codes = (from: number, to: number, but = ''): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i)).filter(
    (c) => !but.includes(c),
  );
const visible = codes(0x21, 0x7e);
const tokenChars = codes(0x21, 0x7e, '"(),/:;<=>?@[\\]{}');

// What has a meaning is given on purpose only.
const meaning =
  /^(?:connection|proxy-connection|content-length|transfer-encoding|expect|upgrade|host|x-status|x-reason|x-run)$/i;
const name = fc
  .string({ unit: fc.constantFrom(...tokenChars), minLength: 1, maxLength: 20 })
  .filter((name) => !meaning.test(name));
const value = fc
  .array(fc.string({ unit: fc.constantFrom(...visible), minLength: 1, maxLength: 15 }), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((words) => fc.constantFrom(' ', '  ').map((blank) => words.join(blank)));
const status = fc.constantFrom(0, 200, 201, 204, 299, 304, 400, 404, 500, 599, 999, 1000, 100, 199, 'x');
const field = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(name, value).map(([name, value]) => `${name}: ${value}`) },
  { weight: 2, arbitrary: fc.tuple(name, value).map(([name, value]) => `r-${name}: ${value}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      ...['Cookie: a=b', 'cookie: c', 'Accept: */*', 'User-Agent: a/1.0 (b; c)', 'X-Run: inline'],
      ...['r-Content-Type: text/html', 'r-content-length: 7', 'r-Connection: close', 'r-date: now'],
      ...['r-Set-Cookie: a', 'r-Set-Cookie: b', 'r-Transfer-Encoding: chunked', 'x-reason: Because  so'],
    ),
  },
  { weight: 1, arbitrary: status.map((status) => `X-Status: ${status}`) },
);
const hostValue = fc.constantFrom('a', 'localhost:8069', '[::1]:80', "a_b.!$&'()*+,;=%20", 'EXAMPLE.org');
const host = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: fc.constant('Host') }, fc.mixedCase(fc.constant('host'))),
    hostValue,
  )
  .map(([name, value]) => `${name}: ${value}`);

const sizeOf = (fields: string[]) => fields.reduce((sum, field) => sum + field.length + 2, 0);

/** As many or as large as they may be, Host and content-length included. */
const manyFields = fc.constantFrom<'many' | 'large'>('many', 'large').map((what) => (fields: string[]) => {
  const more = [...fields];
  if (what === 'large') {
    const value = 'a b'.repeat(6000).slice(0, FIELD_BYTES_MAX - sizeOf(fields) - 'X-Large: c\r\n'.length);
    more.push(`X-Large: ${value}c`);
  } else while (more.length < FIELDS_MAX) more.push(`X-${more.length}: a`);
  return more;
});
const asTheyAre = (fields: string[]) => fields;

/** What else they become. */
export const filling: fc.Arbitrary<(fields: string[]) => string[]> = fc.oneof(
  { weight: 20, arbitrary: fc.constant(asTheyAre) },
  { weight: 1, arbitrary: manyFields },
);

/** Fields with exactly one Host somewhere. */
export const fields: fc.Arbitrary<string[]> = fc
  .tuple(fc.array(field, { maxLength: 6 }), host, fc.nat(6))
  .map(([fields, host, at]) => fields.toSpliced(at, 0, host));
