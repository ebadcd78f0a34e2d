/** Prints nanoseconds a match for 10 to 10,000 routes of all kinds, as a table: node packages/router/test/match-time.ts */
import { encodeHead } from '../src/head.ts';
import { createMatcher, parseConfig } from '../src/index.ts';
import { manyRoutes } from './many.ts';

const ROUNDS = 200_000;

function nanoseconds(count: number): string {
  const { routes } = parseConfig(manyRoutes(count), 'f');
  const match = createMatcher(routes);
  // As browsers send them: the fields that no route asks for are looked at too
  const others = ['User-Agent', 'Accept', 'Accept-Encoding', 'Accept-Language', 'Cookie'];
  const heads = Array.from({ length: 97 }, (_, i) => {
    const { header, pathPrefix } = routes[Math.floor((i * count) / 97)]!;
    const host = header?.valuePrefix ?? 'www.example.com';
    return encodeHead(`${pathPrefix}some/page?and=query`, [
      ['Host', host],
      ...others.map((name) => [name, 'x'] as const),
    ]);
  });
  let matched = 0;
  const round = () => {
    for (let i = 0; i < ROUNDS; i++) matched += match(heads[i % heads.length]!);
  };
  round();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 7; i++) {
    const begun = performance.now();
    round();
    least = Math.min(least, performance.now() - begun);
  }
  if (matched < 0) throw new Error('no route was found');
  return ((least * 1e6) / ROUNDS).toFixed(0);
}

console.log('| routes | ns a match |\n| --- | --- |');
for (const count of [10, 100, 1000, 10_000]) console.log(`| ${count} | ${nanoseconds(count)} |`);
