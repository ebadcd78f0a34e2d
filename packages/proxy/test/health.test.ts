import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Backend, Group } from '../src/index.ts';
import { groupOf, nameIn, serve, specOf, targets } from './spec.ts';

// Only the clock that eject_time is measured with.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

/** One request to this backend, whatever the balance says: all others count as tried. */
function fail(group: Group, backend: Backend, why = 'connection refused'): void {
  const others = group.backends.filter((other) => other !== backend);
  expect(group.begin(0, others)).toBe(backend);
  group.end(backend, 'failed', why);
}

function served(group: Group, count: number): string {
  return Array.from({ length: count }, () => serve(group)).join('');
}

test('a probe that is answered and goes on brings a backend back', () => {
  const { group, lines } = groupOf(specOf(targets(1, 1)));
  const [first, second] = group.backends as [Backend, Backend];
  for (let i = 0; i < 3; i++) fail(group, first);
  vi.advanceTimersByTime(10_000);
  expect(group.begin(0, [second])).toBe(first);
  group.answered(first);
  expect(lines.at(-1)).toEqual({ text: '10.0.0.1:80 is back', worse: false });
  expect(served(group, 4).replaceAll('2', '')).toBe('11');
  group.end(first, 'ok');
  expect(first.active).toBe(0);
  // Answers that break later are failures in a row all the same.
  for (let i = 0; i < 3; i++) {
    expect(group.begin(0, [second])).toBe(first);
    group.answered(first);
    group.end(first, 'failed', 'its body broke');
  }
  expect(lines.at(-1)!.text).toContain('10.0.0.1:80 is out: 3 failures in a row, the last: its body broke');
  group.answered(second);
  expect(served(group, 4)).toBe('2222');
});

test('failures in a row take a backend out; when its time is over one request at a time goes there', () => {
  const { group, lines } = groupOf(specOf(targets(1, 1, 1)));
  const first = group.backends[0]!;
  fail(group, first);
  fail(group, first);
  expect(served(group, 6)).toContain('1'); // and an answer begins the row anew
  fail(group, first);
  fail(group, first);
  expect(lines).toEqual([]);
  fail(group, first);
  expect(lines).toEqual([
    {
      text: '10.0.0.1:80 is out: 3 failures in a row, the last: connection refused; again in 10 s',
      worse: true,
    },
  ]);
  expect(served(group, 20)).not.toContain('1');
  vi.advanceTimersByTime(9999);
  expect(served(group, 20)).not.toContain('1');

  vi.advanceTimersByTime(1);
  const held: Backend[] = [];
  for (let i = 0; i < 9; i++) held.push(group.begin(0, [])!);
  expect(held.filter((backend) => backend === first)).toHaveLength(1);
  group.end(first, 'unknown'); // the client went: still nobody knows
  expect(served(group, 6)).toContain('1');
  expect(lines.at(-1)).toEqual({ text: '10.0.0.1:80 is back', worse: false });
  expect(served(group, 30).replace(/[^1]/g, '')).toHaveLength(10);
});

test('a backend that fails its probe is out for twice the time, up to 32 times', () => {
  const { group, texts } = groupOf(specOf(targets(1, 1), { eject_after: 1, eject_time: 1000 }));
  const first = group.backends[0]!;
  fail(group, first, 'connection reset');
  for (const seconds of [1, 2, 4, 8, 16, 32, 32]) {
    vi.advanceTimersByTime(seconds * 1000 - 1);
    expect(served(group, 4)).toBe('2222');
    vi.advanceTimersByTime(1);
    fail(group, first, 'connection reset');
  }
  expect(texts()).toEqual([
    '10.0.0.1:80 is out: 1 failure in a row, the last: connection reset; again in 1 s',
    ...[2, 4, 8, 16, 32, 32, 32].map(
      (seconds) => `10.0.0.1:80 is still out: connection reset; again in ${seconds} s`,
    ),
  ]);
  vi.advanceTimersByTime(32_000);
  expect(served(group, 4)).toContain('1');
  fail(group, first);
  expect(texts().at(-1)).toContain('again in 1 s');
});

test('it is never out for longer than five minutes, but for an eject_time that is', () => {
  for (const [eject_time, longest] of [
    [60_000, 300_000],
    [600_000, 600_000],
  ] as const) {
    const { group, texts } = groupOf(specOf(targets(1, 1), { eject_after: 1, eject_time }));
    for (let i = 0; i < 6; i++) {
      fail(group, group.backends[0]!);
      vi.advanceTimersByTime(longest);
    }
    expect(texts().at(-1)).toContain(`again in ${longest / 1000} s`);
  }
});

test('what was begun before a backend was taken out says nothing about now', () => {
  const { group, lines } = groupOf(specOf(targets(1, 1)));
  const [first, second] = group.backends as [Backend, Backend];
  const old = Array.from({ length: 3 }, () => group.begin(0, [second])!);
  for (let i = 0; i < 3; i++) fail(group, first);
  group.end(old[0]!, 'ok');
  group.end(old[1]!, 'failed');
  expect(served(group, 4)).toBe('2222');
  vi.advanceTimersByTime(10_000);
  group.end(old[2]!, 'failed');
  expect(lines).toHaveLength(1);
  expect(served(group, 4)).toContain('1');
});

test('the last that is well is not taken out, however it fails', () => {
  const { group, lines } = groupOf(specOf(targets(1)));
  const only = group.backends[0]!;
  for (let i = 0; i < 10; i++) fail(group, only);
  expect(lines).toEqual([
    {
      text: '10.0.0.1:80 is failing: 3 failures in a row, the last: connection refused; it stays in use, since no other is well',
      worse: true,
    },
  ]);
  expect(served(group, 3)).toBe('111');
  expect(lines.slice(1)).toEqual([{ text: '10.0.0.1:80 is back', worse: false }]);
});

test('when all fail each is tried, so that the first that is back has the requests at once', () => {
  const { group, texts } = groupOf(specOf(targets(1, 1)));
  const [first, second] = group.backends as [Backend, Backend];
  for (let i = 0; i < 3; i++) fail(group, first);
  expect(served(group, 4)).toBe('2222');
  for (let i = 0; i < 3; i++) fail(group, second);
  expect(texts()[1]).toContain('10.0.0.2:80 is failing');
  // Nobody waits for the ten seconds of the first; what fails there meanwhile is no news.
  const names = new Set<string>();
  for (let i = 0; i < 6; i++) {
    const backend = group.begin(0, [])!;
    names.add(nameIn(backend));
    group.end(backend, 'failed', 'connection refused');
  }
  expect([...names].sort()).toEqual(['1', '2']);
  expect(texts()).toHaveLength(2);
  // The first is back: the other one's next failure is one too many.
  while (serve(group, 0, [second]) !== '1');
  expect(texts().at(-1)).toBe('10.0.0.1:80 is back');
  fail(group, second);
  expect(texts().at(-1)).toContain('10.0.0.2:80 is out: ');
  expect(served(group, 4)).toBe('1111');
});

test('a backup serves while all others are out, and one of them that is back has the requests again', () => {
  const [one, spare] = targets(1, 1);
  const { group } = groupOf(specOf([one!, { ...spare!, backup: true }], { panic_threshold: 50 }));
  for (let i = 0; i < 3; i++) fail(group, group.backends[0]!);
  expect(served(group, 4)).toBe('2222');
  vi.advanceTimersByTime(10_000);
  expect(served(group, 4)).toBe('1111');
});

test('with too few that are well all are used', () => {
  const { group, lines } = groupOf(specOf(targets(1, 1, 1, 1), { panic_threshold: 50 }));
  for (const backend of group.backends.slice(0, 2)) for (let i = 0; i < 3; i++) fail(group, backend);
  expect(new Set(served(group, 20))).toEqual(new Set('34'));
  for (let i = 0; i < 3; i++) fail(group, group.backends[2]!);
  expect(lines.at(-1)).toEqual({
    text: 'fewer than 50 % of the backends are well: all are used',
    worse: true,
  });
  const four = Array.from({ length: 8 }, () => group.begin(0, [])!);
  expect(four.map(nameIn).sort().join('')).toBe('11223344');
  for (const backend of four) group.end(backend, 'unknown');
  // An answer in this state counts.
  serve(group, 0, group.backends.slice(1));
  expect(lines.slice(-2)).toEqual([
    { text: '10.0.0.1:80 is back', worse: false },
    { text: '50 % of the backends are well: only these are used', worse: false },
  ]);
  expect(new Set(served(group, 20))).toEqual(new Set('14'));
});

test('with too few that are well a backup that is not one of them has no requests', () => {
  const [one, two, spare] = targets(1, 1, 1);
  const { group } = groupOf(specOf([one!, two!, { ...spare!, backup: true }], { panic_threshold: 60 }));
  for (const backend of [group.backends[2]!, group.backends[0]!])
    for (let i = 0; i < 3; i++) fail(group, backend);
  const held = Array.from({ length: 10 }, (_, i) => group.begin(0, group.backends.slice(0, i % 3))!);
  expect(new Set(held.map(nameIn))).toEqual(new Set('12'));
});

test('a backend that is back gets a tenth of its share first, and all of it after slow_start', () => {
  for (const kind of ['round-robin', 'least-connections'] as const) {
    const { group } = groupOf(specOf(targets(1, 1), { slow_start: 10_000, balance: { kind } }));
    const share = () => served(group, 110).replace(/[^1]/g, '').length;
    expect(share()).toBe(55); // none at the start
    for (let i = 0; i < 3; i++) fail(group, group.backends[0]!);
    vi.advanceTimersByTime(10_000);
    while (serve(group, 0, [group.backends[1]!]) !== '1');
    expect(Math.abs(share() - 10)).toBeLessThanOrEqual(1);
    vi.advanceTimersByTime(5000);
    expect(Math.abs(share() - 110 / 3)).toBeLessThanOrEqual(1);
    vi.advanceTimersByTime(50_000);
    expect(Math.abs(share() - 55)).toBeLessThanOrEqual(1);
  }
});

test('what others have said is one line of the log', () => {
  const { group, texts } = groupOf(specOf(targets(1), { eject_after: 1 }));
  fail(group, group.backends[0]!, `a\r\nb\x1b[31m${'x'.repeat(500)}`);
  expect(texts()[0]).toMatch(/^[\x20-\x7e]{1,320}$/);
  expect(texts()[0]).toContain('a b [31mxxx');
});
