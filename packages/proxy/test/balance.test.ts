import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashText } from '../src/hash.ts';
import type { Backend, UpstreamTarget } from '../src/index.ts';
import type { Balance } from '../src/spec.ts';
import { groupOf, nameIn, serve, specOf, target, targets } from './spec.ts';

const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
const balances: readonly Balance[] = [
  { kind: 'round-robin' },
  { kind: 'least-connections' },
  { kind: 'ip-hash' },
];

function counts(served: Iterable<string>): Record<string, number> {
  const all: Record<string, number> = {};
  for (const name of served) all[name] = (all[name] ?? 0) + 1;
  return all;
}

test('round-robin spreads the turns of a heavy backend', () => {
  const { group } = groupOf(specOf(targets(5, 1, 1)));
  expect(Array.from({ length: 7 }, () => serve(group)).join('')).toBe('1121311');
});

test('round-robin gives exact shares, and no other request is ever far from its share', () => {
  fc.assert(
    fc.property(weights, (weights) => {
      const { group } = groupOf(specOf(targets(...weights)));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const had = weights.map(() => 0);
      for (let i = 1; i <= 3 * total; i++) {
        had[Number(serve(group)) - 1]!++;
        if (i % total === 0) expect(had).toEqual(weights.map((weight) => (weight * i) / total));
        for (const [j, weight] of weights.entries())
          expect(Math.abs(had[j]! - (weight * i) / total)).toBeLessThan(weights.length);
      }
    }),
  );
});

test('least-connections goes to the one with the fewest for its weight, and in turn when none has less', () => {
  const { group } = groupOf(specOf(targets(2, 1), { balance: { kind: 'least-connections' } }));
  const held = Array.from({ length: 6 }, () => group.begin(0, [])!);
  expect(counts(held.map(nameIn))).toEqual({ 1: 4, 2: 2 });
  for (const backend of held.filter((backend) => nameIn(backend) === '1').slice(1)) group.end(backend, 'ok');
  // 1 of 2 and 2 of 1: three more come to the first before the second is as idle.
  expect(Array.from({ length: 3 }, () => nameIn(group.begin(0, [])!)).join('')).toBe('111');
});

test('least-connections without load is round-robin', () => {
  const { group } = groupOf(specOf(targets(3, 1), { balance: { kind: 'least-connections' } }));
  expect(counts(Array.from({ length: 40 }, () => serve(group)))).toEqual({ 1: 30, 2: 10 });
});

test('least-connections keeps the load in proportion to the weights', () => {
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 200 }), (weights, requests) => {
      const { group } = groupOf(specOf(targets(...weights), { balance: { kind: 'least-connections' } }));
      for (let i = 0; i < requests; i++) group.begin(0, []);
      const loads = group.backends.map(({ active, target }) => active / target.weight);
      const step = Math.max(...weights.map((weight) => 1 / weight));
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThan(step + 1e-9);
    }),
  );
});

const keys = Array.from({ length: 20_000 }, (_, i) => hashText(`client ${i}`));

test('a hash gives each backend its share', () => {
  for (const shares of [
    [1, 1, 1],
    [1, 2, 5],
    [3, 3, 3, 3, 3],
  ]) {
    const { group } = groupOf(specOf(targets(...shares), { balance: { kind: 'ip-hash' } }));
    const had = counts(keys.map((key) => serve(group, key)));
    const total = shares.reduce((sum, weight) => sum + weight, 0);
    for (const [i, weight] of shares.entries()) {
      const expected = (keys.length * weight) / total;
      expect(Math.abs(had[i + 1]! - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  }
});

test('a backend that goes moves its own keys only, whatever its place and the weights', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 6 }),
      fc.nat(),
      (weights, gone) => {
        const all = targets(...weights);
        const left = all.filter((_, i) => i !== gone % all.length).reverse();
        const balance: Balance = { kind: 'ip-hash' };
        const before = groupOf(specOf(all, { balance })).group;
        const after = groupOf(specOf(left, { balance })).group;
        for (const key of keys.slice(0, 300)) {
          const had = serve(before, key);
          const has = serve(after, key);
          if (had !== String((gone % all.length) + 1)) expect(has).toBe(had);
        }
      },
    ),
  );
});

test('a key goes back to its backend after a retry elsewhere', () => {
  const { group } = groupOf(specOf(targets(1, 1, 1), { balance: { kind: 'ip-hash' } }));
  for (const key of keys.slice(0, 100)) {
    const first = group.begin(key, [])!;
    const second = group.begin(key, [first])!;
    expect(second).not.toBe(first);
    expect(group.begin(key, [first])).toBe(second);
    expect(group.begin(key, [])).toBe(first);
  }
});

test('two backends with one URL both have requests', () => {
  const twice = [target('http://10.0.0.1'), target('http://10.0.0.1')];
  const { group } = groupOf(specOf(twice, { balance: { kind: 'ip-hash' } }));
  for (const key of keys.slice(0, 100)) group.begin(key, []);
  for (const { active } of group.backends) expect(active).toBeGreaterThan(20);
});

test.each(balances)('$kind: a backup has requests only when the others were tried', (balance) => {
  const [one, two, spare] = targets(1, 1, 1) as [UpstreamTarget, UpstreamTarget, UpstreamTarget];
  const { group } = groupOf(specOf([{ ...spare, backup: true }, one, two], { balance }));
  const [backup, first, second] = group.backends as [Backend, Backend, Backend];
  for (const key of keys.slice(0, 50)) {
    expect(serve(group, key)).not.toBe('3');
    expect(serve(group, key, [first])).toBe('2');
    expect(serve(group, key, [first, second])).toBe('3');
    // All were tried: again those that are no backups.
    expect(serve(group, key, [first, second, backup])).not.toBe('3');
  }
});

test('a backend counts what is with it', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...balances),
      weights,
      fc.array(fc.tuple(fc.nat(), fc.constantFrom('begin', 'ok', 'failed', 'unknown')), { maxLength: 200 }),
      (balance, weights, steps) => {
        const { group } = groupOf(specOf(targets(...weights), { balance }));
        const held: Backend[] = [];
        for (const [number, step] of steps) {
          if (step === 'begin') held.push(group.begin(number, [])!);
          else if (held.length > 0) group.end(held.splice(number % held.length, 1)[0]!, step as 'ok');
        }
        for (const backend of group.backends)
          expect(backend.active).toBe(held.filter((one) => one === backend).length);
      },
    ),
  );
});
