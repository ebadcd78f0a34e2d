import { expect, test } from 'vitest';
import { encodeHead } from '../src/head.ts';
import { createMatcher, parseConfig } from '../src/index.ts';
import { manyRoutes } from './many.ts';

/** Milliseconds of the processor's time, which others on the machine take little part in; of three times the least. */
function leastTime(work: () => void): number {
  const times = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...times);
}

test('10,000 sections of no route are told within a second', () => {
  const lines = (form: (i: number) => string) => Array.from({ length: 10_000 }, (_, i) => form(i));
  const text = [...lines((i) => `/route/${i} = ./a.so`), ...lines((i) => `[/rout/${i}]`)].join('\n');
  expect(leastTime(() => parseConfig(text, 'f'))).toBeLessThan(1000);
  const { errors } = parseConfig(text, 'f');
  expect(errors.length).toBe(10_000);
  expect(errors[0]!.hint).toBe('did you mean [/route/0]?');
});

test('10,000 routes of all kinds are read and compiled within a second, and each is found', () => {
  const text = manyRoutes(10_000);
  expect(leastTime(() => createMatcher(parseConfig(text, 'f').routes))).toBeLessThan(1000);
  const { routes, errors, warnings } = parseConfig(text, 'f');
  const match = createMatcher(routes);
  expect([errors, warnings]).toEqual([[], []]);
  expect(routes.length).toBe(10_000);
  routes.forEach(({ header, pathPrefix }, i) => {
    expect(match(encodeHead(pathPrefix, header ? [['host', header.valuePrefix]] : []))).toBe(i);
  });
});
