import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { UpstreamOptions } from '../src/index.ts';
import { isTargetKept, rewriteTarget } from '../src/target.ts';
import { specOf, targets } from './spec.ts';

function rewritten(target: string, options: Partial<UpstreamOptions>, pathPrefix = '/'): string {
  return rewriteTarget(specOf(targets(1), options, pathPrefix), target);
}

const strip = { strip_prefix: true };
const rewrite = (pattern: RegExp, replacement: string) => ({ rewrite: [{ pattern, replacement }] });

test('a target that nothing rewrites is kept, byte by byte', () => {
  const spec = specOf(targets(1));
  expect(isTargetKept(spec)).toBe(true);
  for (const target of ['/', '//a', '/a/../b?c=/../d', '/%2e%2e', '/\xe9', '*', '/a?'])
    expect(rewriteTarget(spec, target)).toBe(target);
});

test('something that rewrites is told', () => {
  for (const options of [strip, { add_prefix: '/a' }, rewrite(/a/, 'b')])
    expect(isTargetKept(specOf(targets(1), options))).toBe(false);
});

test.each([
  ['http://a.example', '/'],
  ['http://a.example/', '/'],
  ['HTTPS://u:p@a.example:8080/b/c?d', '/b/c?d'],
  ['http://a.example?b=/c', '/?b=/c'],
  ['http://a.example//b', '//b'],
])('the absolute form %s becomes %s', (target, origin) => {
  expect(rewritten(target, {})).toBe(origin);
});

test.each([
  ['/api', '/api/users?x=/api', '/users?x=/api'],
  ['/api/', '/api/users', '/users'],
  ['/api', '/api', '/'],
  ['/api', '/api?x', '/?x'],
  ['/api', '/apiusers', '/users'],
  ['/api', 'http://a.example/api/users', '/users'],
  ['/api', '/other', '/other'],
  ['/', '/users', '/users'],
  // Nobody becomes another server.
  ['/api', '/api//evil.example', '/evil.example'],
  ['/api/', '/api///evil.example', '/evil.example'],
  ['/', '//evil.example/a', '/evil.example/a'],
  // Nor gets past the root.
  ['/api', '/api/../secret', '/secret'],
  ['/api', '/api../secret', '/secret'],
  ['/api', '/api/%2E%2e/./secret', '/secret'],
  ['/api', '/api/a/b/..', '/a/'],
  ['/api', '/api/a/.', '/a/'],
  ['/api', '/api/..//evil.example', '/evil.example'],
  ['/api', '/api/...', '/...'],
  // A prefix in UTF-8, as its bytes come and encoded.
  ['/\u00e9', '/\xc3\xa9/a', '/a'],
  ['/\u00e9', '/%C3%A9/a', '/a'],
])('strip_prefix takes %s off %s', (prefix, target, expected) => {
  expect(rewritten(target, strip, prefix)).toBe(expected);
});

test.each([
  ['/v1', '/users?x', '/v1/users?x'],
  ['/v1/', '/users', '/v1/users'],
  ['/v1/', '/', '/v1/'],
  ['/', '/users', '/users'],
  ['//v1', '/users', '/v1/users'],
  ['/v1', '/../secret', '/v1/secret'],
  ['/v1', '/%2e%2e/secret', '/v1/secret'],
  ['/a b\u00e9', '/', '/a%20b%C3%A9/'],
])('add_prefix puts %s before %s', (add_prefix, target, expected) => {
  expect(rewritten(target, { add_prefix })).toBe(expected);
});

test.each<[RegExp, string, string, string]>([
  [/^\/old\/(.*)$/, '/new/$1', '/old/a?b', '/new/a?b'],
  [/^\/(\d+)\/(\w+)$/, '/$2/$1', '/12/x', '/x/12'],
  [/a/g, 'b', '/aa?a', '/bb?a'],
  [/^\/p\/(.*)$/, '/q?id=$1', '/p/7', '/q?id=7'],
  [/^\/p\/(.*)$/, '/q?id=$1', '/p/7?x=1', '/q?id=7&x=1'],
  [/^\/p\/(.*)$/, '/q?id=$1', '/p/7?', '/q?id=7'],
  [/^\/x(.*)$/, '$1', '/x//evil.example', '/evil.example'],
  [/^\/x(.*)$/, '$1', '/x', '/'],
  [/^/, 'http://evil.example', '/a', '/http://evil.example/a'],
  [/b/, '\r\nX: y \u00e9\u{1f600}#', '/b', '/%0D%0AX:%20y%20%C3%A9%F0%9F%98%80%23'],
  [/b/, '?\r\n', '/b?c', '/?%0D%0A&c'],
  [/nothing/, 'x', '/a?b', '/a?b'],
])('rewrite %s to %s makes of %s', (pattern, replacement, target, expected) => {
  expect(rewritten(target, rewrite(pattern, replacement))).toBe(expected);
});

test('a pattern that remembers where it was is begun anew', () => {
  const spec = specOf(targets(1), rewrite(/\/a/y, '/b'));
  for (let i = 0; i < 3; i++) expect(rewriteTarget(spec, '/a')).toBe('/b');
});

test('rewrite, strip_prefix, add_prefix, in this order', () => {
  const options = { ...rewrite(/^\/v1/, '/api/one'), ...strip, add_prefix: '/base' };
  expect(rewritten('/v1/x?y', options, '/api')).toBe('/base/one/x?y');
});

test('whatever a client sends, one origin-form target under add_prefix comes out', () => {
  const part = fc.constantFrom('/', '/', '.', '..', '%2e', '%2E', 'a', 'api', '?', '\xe9', '\\', '%2f', ';');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const result = rewritten(`/api${parts.join('')}`, { ...strip, add_prefix: '/in' }, '/api');
      expect(result).toMatch(/^\/in\/(?!\/)[\x21-\x7e]*$/);
      // As the strictest reader of RFC 3986 takes it.
      expect(new URL(result.replaceAll('\\', '%5c'), 'http://a.example').pathname).toMatch(/^\/in\//);
    }),
    { numRuns: 2000 },
  );
});
