import fc from 'fast-check';
import type { Rule } from '../src/index.ts';

export interface Request {
  readonly target: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

// Few and like letters, so that prefixes collide
const text = (...letters: string[]) => fc.string({ unit: fc.constantFrom(...letters), maxLength: 4 });
const path = text('/', 'a', 'b', 'é').map((rest) => `/${rest}`);
const value = text('x', 'X', 'y', 'é', '/');

const rule: fc.Arbitrary<Rule> = fc.record({
  header: fc.option(
    fc.record({ name: fc.constantFrom('Host', 'host', 'Hos', 'X-A', '^_'), valuePrefix: value }),
  ),
  pathPrefix: path,
});

const query = fc.constantFrom('', '', '?', '?a', '?/a?b');
const origin = fc.tuple(path, query).map((parts) => parts.join(''));
const absolute = fc
  .tuple(
    fc.constantFrom('http', 'https', 'a+b-c.1'),
    fc.constantFrom('a', 'b:80', ''),
    fc.option(path, { nil: '' }),
    query,
  )
  .map(([scheme, host, ...rest]) => `${scheme}://${host}${rest.join('')}`);
const odd = fc.constantFrom(
  '*',
  '',
  'a',
  'a:80',
  'http:',
  'http:/',
  'http://',
  'http:/a',
  '://a/a',
  '1:///a',
  '?',
  '//a',
);

export const rules: fc.Arbitrary<Rule[]> = fc.array(rule, { maxLength: 12 });
export const request: fc.Arbitrary<Request> = fc.record({
  target: fc.oneof({ weight: 4, arbitrary: origin }, { weight: 3, arbitrary: absolute }, odd),
  fields: fc.array(fc.tuple(fc.constantFrom('Host', 'HOST', 'host', 'x-a', 'X-B', '~\x7f', '^_'), value), {
    maxLength: 4,
  }),
});
