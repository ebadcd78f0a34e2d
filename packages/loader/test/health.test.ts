import { describe, expect, it } from 'vitest';
import { backOff, type Entry, entriesOf, fold, format, isBad, isStruck, parse } from '../src/health.ts';

const [a, b] = ['a', 'b'].map((digit) => digit.repeat(64));
const entry = (at: number, kind: Entry['kind'], count = 0, hash = a): Entry => ({
  at,
  by: '1',
  kind,
  hash,
  until: kind === 'out' ? at + backOff(count) : 0,
  count,
});
const crashes = (...times: number[]) => times.map((at) => entry(at, 'crash'));
/** What is known of build a at that time. */
const known = (entries: Entry[], now: number) => fold(entries, now).get(a);

describe('crashes', () => {
  it.each([
    ['four', [0, 1, 2, 3], 3, false],
    ['five', [0, 1, 2, 3, 4], 4, true],
    ['five in just ten seconds', [0, 1, 2, 3, 9999], 9999, true],
    ['five in more than that', [0, 1, 2, 3, 10_000], 10_000, false],
    ['five that go on', [0, 1, 9000, 9001, 9002, 10_500, 10_600], 10_600, true],
  ])('%s in a row are told apart', (_what, times, now, struck) => {
    expect(isStruck(known(crashes(...times), now)!)).toBe(struck);
  });

  it('are forgotten, and then nothing is known', () => {
    expect(fold(crashes(0, 1, 2, 3, 4), 20_000).size).toBe(0);
  });

  it('are of one build', () => {
    const health = fold([...crashes(0, 1, 2, 3), entry(4, 'crash', 0, b)], 4);
    expect([health.get(a)?.crashes.length, health.get(b)?.crashes.length]).toEqual([4, 1]);
  });
});

describe('a build that was left', () => {
  const left = [...crashes(0, 1, 2, 3, 4), entry(5, 'back')];

  it('stays so, whatever happens to it', () => {
    const late = [...left, ...crashes(6, 7, 8, 9, 10), entry(11, 'back'), entry(12, 'again')];
    expect(known(late, 1e6)).toEqual({ crashes: [], left: entry(5, 'back'), out: null, again: null });
  });

  it('can be taken out when there is nothing to go back to any more', () => {
    const out = entry(50, 'out', 1);
    expect(known([...left, out], 60)).toEqual({ crashes: [], left: null, out, again: null });
  });
});

describe('a build that was taken out', () => {
  const out = [...crashes(0, 1, 2, 3, 4), entry(5, 'out', 1)]; // until 1005
  const again = [...out, entry(1500, 'again')];

  it('isn’t struck by those who were inside', () => {
    expect(isStruck(known([...out, ...crashes(6, 1000)], 1004)!)).toBe(false);
  });

  it.each([
    ['before anyone says that it is back', out, 1006],
    ['when it has just come back', again, 1501],
    ['until it was quiet for ten seconds', again, 11_499],
  ])('has one strike %s', (_when, entries, at) => {
    expect(isStruck(known(entries, at)!)).toBe(false);
    expect(isStruck(known([...entries, ...crashes(at)], at)!)).toBe(true);
  });

  it('is as good as new after ten quiet seconds', () => {
    expect(known(again, 11_500)).toBeUndefined();
    expect(isStruck(known([...again, ...crashes(11_500)], 11_500)!)).toBe(false);
    const afresh = [...again, ...crashes(12_000), entry(12_001, 'out', 1)];
    expect(known(afresh, 12_002)!.out!.count).toBe(1);
  });

  it('never heals while it isn’t called', () => {
    expect(isBad(known(out, 1e9))).toBe(true);
  });

  it('is taken out and let back once for all processes', () => {
    const twice = [...out, { ...entry(5.5, 'out', 1), by: '2' }];
    expect(known(twice, 6)!.out).toEqual(entry(5, 'out', 1));
    const backTwice = [...again, { ...entry(1600, 'again'), by: '2' }];
    expect(known(backTwice, 1700)!.again!.by).toBe('1');
    expect(known([...out, entry(900, 'again')], 1000)!.again).toBeNull(); // too early
  });

  it('waits twice as long each time, up to a minute', () => {
    expect([1, 2, 3, 6, 7, 8, 1000].map(backOff)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000, 60_000]);
  });
});

describe('lines', () => {
  const all = [entry(1.25, 'crash'), entry(2, 'back', 0, b), entry(3, 'out', 7), entry(60_003, 'again')];

  it('hold every entry', () => {
    expect(parse(all.map((each) => `\n${format(each)}\n`).join(''))).toEqual(all);
  });

  it.each([
    ['an empty one', ''],
    ['half a one', format(all[0]).slice(0, 30)],
    ['two in one', format(all[0]) + format(all[0])],
    ['bytes', '\0\xff\x01'],
    ['an unknown kind', format(all[0]).replace('crash', 'cheer')],
    ['a short hash', `1 2 crash ${a.slice(1)}`],
    ['an end that was cut off', format(all[2]).replace(/ \d+$/, '')],
    ['a time out that never ends', `1 2 out ${a} 99999999 1`],
  ])('that are damaged are skipped: %s', (_what, line) => {
    expect(parse(`${format(all[0])}\n${line}\n${format(all[1])}\n`)).toEqual([all[0], all[1]]);
  });

  it('are no more than what matters, and mean the same', () => {
    const entries = [...crashes(0, 1, 20_000), ...all, ...crashes(60_004)];
    const health = fold(entries, 60_005);
    expect(entriesOf(health).length).toBe(4);
    expect(fold(entriesOf(health), 60_005)).toEqual(health);
  });
});
