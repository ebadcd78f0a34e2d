import { expect, test } from 'vitest';
import { agentOf, createGroups } from '../src/index.ts';
import { specOf, targets } from './spec.ts';

const rewriting = (pattern: RegExp) => specOf(targets(1, 1), { rewrite: [{ pattern, replacement: 'x' }] });

test('an equal spec has the same group, with all that it knows', () => {
  const told: [string, string, boolean][] = [];
  const groups = createGroups({ onState: (...all) => told.push(all) });
  const group = groups.group(rewriting(/a/));
  const held = group.begin(0, [])!;
  const again = groups.group(rewriting(/a/));
  expect(again).toBe(group);
  for (let i = 0; i < 3; i++) again.end(again.begin(0, [again.backends[1]!])!, 'failed', 'no answer');
  expect(held.active).toBe(1);
  expect(told).toEqual([
    ['a.example/', '10.0.0.1:80 is out: 3 failures in a row, the last: no answer; again in 10 s', true],
  ]);
});

test('any other spec has another', () => {
  const groups = createGroups({ onState() {} });
  const specs = [
    rewriting(/a/),
    rewriting(/b/),
    rewriting(/a/i),
    specOf(targets(1, 1)),
    specOf(targets(1, 2)),
    specOf(targets(1)),
    specOf(targets(1, 1, 1)),
    specOf(targets(1, 1).map((one) => ({ ...one, socket: '/run/a.sock' }))),
    specOf(targets(1, 1), { mirror: targets(1)[0]! }),
    specOf(targets(1, 1), { timeout: 1000 }),
    specOf(targets(1, 1), { eject_after: 4 }),
    { ...specOf(targets(1, 1)), key: 'b.example/' },
  ];
  expect(new Set(specs.map(groups.group)).size).toBe(specs.length);
});

test('a group that no route has any more is closed, and what is under way there may end', () => {
  const groups = createGroups({ onState() {} });
  const [kept, gone] = [groups.group(rewriting(/a/)), groups.group(rewriting(/b/))];
  const backend = gone.begin(0, [])!;
  groups.keepOnly(new Set([kept]));
  gone.end(backend, 'ok');
  expect(backend.active).toBe(0);
  expect(groups.group(rewriting(/a/))).toBe(kept);
  expect(groups.group(rewriting(/b/))).not.toBe(gone);
  groups.close();
  expect(groups.group(rewriting(/a/))).not.toBe(kept);
});

test('files of TLS are read again when the configuration is', () => {
  const groups = createGroups({ onState() {} });
  const spec = () =>
    specOf(
      targets(1).map((one) => ({ ...one, secure: true })),
      { tls_ca: import.meta.filename },
    );
  const group = groups.group(spec());
  const agent = agentOf(group, spec(), group.backends[0]!.target);
  expect(agentOf(group, spec(), group.backends[0]!.target)).toBe(agent);
  expect(groups.group(spec())).toBe(group);
  expect(agentOf(group, spec(), group.backends[0]!.target)).not.toBe(agent);
});
