/** Prints how many bytes 100,000 rounds of matching leave on the heap. Run with --expose-gc and room for no GC. */
import { encodeHead } from '../src/head.ts';
import { createMatcher } from '../src/index.ts';

const match = createMatcher([
  ...Array.from({ length: 1000 }, (_, i) => ({ header: null, pathPrefix: `/folder/${i}/x` })),
  ...Array.from({ length: 1000 }, (_, i) => ({
    header: { name: i % 2 ? 'Host' : 'X-Version', valuePrefix: `${i}.example` },
    pathPrefix: '/folder/',
  })),
  { header: null, pathPrefix: '/folder/5' },
]);
const fields: [string, string][] = [
  ['Host', '501.example'],
  ['accept', '*/*'],
  ['x-version', '3'],
];
const targets = ['/folder/77/x?y', '/folder/5', 'http://a/folder/9', 'http://a', '*', '/none'];
const heads = targets.map((target) => encodeHead(target, fields));

let matched = 0;
function round(): void {
  for (let i = 0; i < 100_000; i++) {
    for (let j = 0; j < heads.length; j++) matched += match(heads[j]!);
  }
}

round();
round();
// The least of some rounds: the compiler may allocate in one, what a match allocates is in all
let least = Number.POSITIVE_INFINITY;
for (let i = 0; i < 5; i++) {
  globalThis.gc!();
  const before = process.memoryUsage().heapUsed;
  round();
  least = Math.min(least, process.memoryUsage().heapUsed - before);
}
console.log(least, matched);
