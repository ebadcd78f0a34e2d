/** Prints how many bytes 100,000 rounds of begin and end leave on the heap. Run with --expose-gc and room for no GC. */
import type { Backend } from '../src/index.ts';
import { groupOf, specOf, targets } from './spec.ts';

const kinds = ['round-robin', 'least-connections', 'ip-hash'] as const;
const groups = kinds.flatMap((kind) => {
  const options = { balance: { kind }, slow_start: 1000 };
  const well = groupOf(specOf(targets(3, 1, 1), { ...options, circuit_breaker: 50 }));
  const ill = groupOf(specOf(targets(1, 1, 1), options));
  for (let i = 0; i < 3; i++) ill.group.end(ill.group.begin(0, ill.group.backends.slice(1))!, 'failed');
  return [well.group, ill.group];
});
const none: readonly Backend[] = [];

function round(): void {
  for (let i = 0; i < 100_000; i++) {
    for (const group of groups) group.end(group.begin(i, none)!, 'ok');
  }
}

round();
round();
// The least of some rounds: the compiler may allocate in one, what begin allocates is in all
let least = Number.POSITIVE_INFINITY;
for (let i = 0; i < 5; i++) {
  globalThis.gc!();
  const before = process.memoryUsage().heapUsed;
  round();
  least = Math.min(least, process.memoryUsage().heapUsed - before);
}
console.log(least);
