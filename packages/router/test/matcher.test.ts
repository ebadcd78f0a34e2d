import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeHead } from '../src/head.ts';
import { createMatcher, parseConfig } from '../src/index.ts';
import { request, rules } from './arbitrary.ts';
import { matchNaively } from './naive.ts';

/** The line of the route that answers, or undefined. */
function lineFor(ini: string, target: string, ...fields: [string, string][]): number | undefined {
  const { routes, errors } = parseConfig(ini, 'f');
  expect(errors).toEqual([]);
  return routes[createMatcher(routes)(encodeHead(target, fields))]?.line;
}

describe('what design and page say', () => {
  test.each<[ini: string, target: string, fields: [string, string][], line: number | undefined]>([
    ['/hello = ./a', '/hello', [], 1],
    ['/hello = ./a', '/hellox', [], 1],
    ['/hello = ./a', '/hell', [], undefined],
    ['/hello = ./a', '/Hello', [], undefined],
    ['/hello = ./a', '/%68ello', [], undefined],
    ['/a/b = ./a', '/a?/b', [], undefined],
    ['/a = ./a', '/a?b', [], 1],
    ['/ = ./a\n/b = ./b', '/b', [], 1],
    ['/b = ./b\n/ = ./a', '/b', [], 1],
    ['/b = ./b\n/ = ./a', '/a', [], 2],
    ['/ = ./a', '*', [], undefined],
    ['/ = ./a', 'example.com:443', [], undefined],
    ['/ = ./a', 'http://example.com', [], 1],
    ['/ = ./a', 'http://example.com?/x', [], 1],
    ['/a = ./a', 'http://example.com/ab?c', [], 1],
    ['/example = ./a', 'http://example.com/', [], undefined],
    ['/é = ./a', '/éa', [], 1],
    ['/é = ./a', '/è', [], undefined],
    ['Host: iam / = ./a\n/ = ./b', '/', [['host', 'iam.example.com']], 1],
    ['host: iam / = ./a\n/ = ./b', '/', [['HOST', 'iam']], 1],
    ['Host: iam / = ./a\n/ = ./b', '/', [['Host', 'IAM']], 2],
    ['Host: iam / = ./a\n/ = ./b', '/', [['Host', 'ia']], 2],
    ['Host: iam / = ./a\n/ = ./b', '/', [], 2],
    ['Host: iam /a = ./a\n/ = ./b', '/b', [['Host', 'iam']], 2],
    ['/ = ./b\nHost: iam / = ./a', '/', [['Host', 'iam']], 1],
    [
      'X: b / = ./a',
      '/',
      [
        ['x', 'a'],
        ['x', 'b'],
      ],
      1,
    ],
    ['X: /a = ./a', '/a', [['x', '']], 1],
    ['X: /a = ./a', '/a', [['xy', '']], undefined],
    ['X: a  b / = ./a', '/', [['x', 'a b']], undefined],
    ['X-N: Zoë / = ./a', '/', [['x-n', 'Zoë!']], 1],
  ])('%j and %s %j: line %s', (ini, target, fields, line) => {
    expect(lineFor(ini, target, ...fields)).toBe(line);
  });
});

test('matches as the words of the design do', () => {
  fc.assert(
    fc.property(rules, request, (rules, request) => {
      const match = createMatcher(rules);
      expect(match(encodeHead(request.target, request.fields))).toBe(matchNaively(rules, request));
    }),
    { numRuns: 20_000 },
  );
});

test('the head may lie anywhere in the bytes', () => {
  const match = createMatcher([{ header: { name: 'A', valuePrefix: 'b' }, pathPrefix: '/a' }]);
  const bytes = new TextEncoder().encode('GET /a? A: b c');
  const fields = Int32Array.of(8, 1, 11, 1, 99, 99, 99, 99);
  expect(match({ bytes, targetStart: 4, targetLength: 2, fields, fieldCount: 1 })).toBe(0);
  expect(match({ bytes, targetStart: 4, targetLength: 1, fields, fieldCount: 1 })).toBe(-1);
  expect(match({ bytes, targetStart: 4, targetLength: 2, fields, fieldCount: 0 })).toBe(-1);
});

test('of 10,000 routes each finds its own', () => {
  const rules = Array.from({ length: 10_000 }, (_, i) => ({
    header: i % 2 ? { name: 'Host', valuePrefix: `${i}.example` } : null,
    pathPrefix: i % 2 ? '/' : `/some/folder/${i}/`,
  }));
  const match = createMatcher(rules);
  rules.forEach(({ header, pathPrefix }, i) => {
    expect(match(encodeHead(pathPrefix, header ? [['host', header.valuePrefix]] : []))).toBe(i);
  });
});
