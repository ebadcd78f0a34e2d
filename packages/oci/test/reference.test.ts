import { expect, it } from 'vitest';
import { cachedLibrary, formatReference, parseReference, readReference } from '../src/index.ts';

const D = `sha256:${'a'.repeat(64)}`;

it.each([
  ['ghcr.io/acme/api:1.2', { registry: 'ghcr.io', repository: 'acme/api', tag: '1.2', plain: false }],
  ['oci://ghcr.io/acme/api', { registry: 'ghcr.io', repository: 'acme/api', tag: undefined, plain: false }],
  [`ghcr.io/a@${D}`, { repository: 'a', digest: D }],
  [`ghcr.io/a:1@${D}`, { repository: 'a', tag: '1', digest: D }],
  [`ghcr.io/a@sha512:${'b'.repeat(128)}`, { digest: `sha512:${'b'.repeat(128)}` }],
  ['localhost/a', { registry: 'localhost', plain: true }],
  ['localhost:5000/a', { registry: 'localhost:5000', plain: true }],
  ['127.1.2.3:5000/a', { plain: true }],
  ['127.0.0.1.example.com/a', { plain: false }],
  ['localhost.example.com/a', { plain: false }],
  ['[::1]:5000/a', { registry: '[::1]:5000', plain: true }],
  ['[fd00::1]/a', { plain: false }],
  ['oci+http://registry.internal/a', { registry: 'registry.internal', plain: true }],
  ['docker.io/nginx', { repository: 'library/nginx' }],
  ['r:1/a__b/c-d/e.f/0---1', { repository: 'a__b/c-d/e.f/0---1' }],
])('reads %s', (text, expected) => {
  const reference = parseReference(text);
  expect(reference).toMatchObject(expected);
  expect(parseReference(formatReference(reference))).toEqual(reference);
});

it.each([
  '',
  '/',
  'a',
  'a/b',
  'a/b:1',
  'Acme/api',
  'ghcr.io',
  'ghcr.io/',
  'ghcr.io//a',
  'ghcr.io/a/',
  'ghcr.io/A',
  'ghcr.io/a b',
  'ghcr.io/a:',
  'ghcr.io/a:-1',
  'ghcr.io/a:1:2',
  'ghcr.io/a@',
  'ghcr.io/a@sha256:abc',
  `ghcr.io/a@${D.toUpperCase()}`,
  `ghcr.io/a@${D}@${D}`,
  `ghcr.io/a@md5:${'a'.repeat(32)}`,
  'ghcr.io/../a',
  'ghcr.io/a/../b',
  'ghcr.io/.a',
  'ghcr.io/a.',
  'ghcr.io/a..b',
  'ghcr.io/a___b',
  'ghcr.io:0/a',
  'ghcr.io:65536/a',
  'ghcr.io:/a',
  'ghcr.io:x/a',
  '-x.io/a',
  'x-.io/a',
  'x..io/a',
  '127.999.0.1/a',
  '1.2.3.4.5/a',
  '[1::2::3]/a',
  'xn--.io/a',
  '.io/a',
  'u@ghcr.io/a',
  'u:p@ghcr.io/a',
  'ghcr.io/a?x',
  'ghcr.io/a#x',
  'ghcr.io/a%2e',
  'ghcr.io/ä',
  'ghcr.io/a\n',
  'ghcr.io/a:1\n',
  'http://ghcr.io/a',
  'oci://',
  'oci:///a',
  `ghcr.io/${'a'.repeat(256)}`,
  `ghcr.io/a:${'1'.repeat(129)}`,
  `${'a.'.repeat(300)}io/a`,
  `ghcr.io/constructor@__proto__:a`,
])('refuses %j', (text) => {
  expect(readReference(text)).toBeTypeOf('string');
  expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'FL_REGISTRY' }));
});

it('has a place in the cache for each name, of which none is within another', () => {
  const place = (text: string) => cachedLibrary('/c', parseReference(text));
  expect(place('ghcr.io/acme/api:1')).toBe('/c/refs/ghcr.io/acme/api:1/library.so');
  expect(place('ghcr.io/acme/api')).toBe(place('ghcr.io/acme/api:latest'));
  expect(place(`ghcr.io/acme/api:1@${D}`)).toBe(`/c/refs/ghcr.io/acme/api@${D}/library.so`);
  expect(place('oci+http://r.io/a:1')).toBe('/c/refs/oci+http/r.io/a:1/library.so');
});
