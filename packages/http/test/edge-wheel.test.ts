// The wheel of deadlines, in a time of its own.
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWheel, Timed, type Wheel } from '../src/edge/wheel.ts';

const LATE_MAX = 100;

class Member extends Timed {
  name: string;
  constructor(name: string) {
    super();
    this.name = name;
  }
}

const now = () => Date.now();
let passed: [name: string, at: number][];
let wheel: Wheel;
let begun: number;

function start(onDeadline: (member: Member) => void = () => {}): void {
  begun = now();
  passed = [];
  wheel = createWheel(now, (timed) => {
    const member = timed as Member;
    passed.push([member.name, now() - begun]);
    onDeadline(member);
  });
}

/** As the edge does it: the time is told before anything is set. */
function set(member: Member, milliseconds: number): void {
  wheel.touch(now());
  wheel.set(member, milliseconds);
}

function expectPassed(...expected: [name: string, at: number][]): void {
  expect(passed.map(([name]) => name)).toEqual(expected.map(([name]) => name));
  for (const [i, [, at]] of expected.entries()) {
    expect(passed[i][1]).toBeGreaterThanOrEqual(at);
    expect(passed[i][1]).toBeLessThanOrEqual(at + LATE_MAX);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  start();
});
afterEach(() => {
  wheel.close();
  vi.useRealTimers();
});

it.each([1, 31, 32, 33, 1000, 65_000, 65_536, 70_000, 200_000, 3_600_000])('passes after %i ms', (ms) => {
  set(new Member('a'), ms);
  vi.advanceTimersByTime(ms + LATE_MAX);
  expectPassed(['a', ms]);
});

it('passes in time though another was moved on at the turn before', () => {
  const moved = new Member('moved');
  set(moved, 200);
  vi.advanceTimersByTime(100);
  set(moved, 20_000);
  set(new Member('a'), 1000);
  vi.advanceTimersByTime(1000 + LATE_MAX);
  expectPassed(['a', 1100]);
});

it('passes in time though another is set in the turn before', () => {
  start(({ name }) => {
    if (name === 'first') set(new Member('late'), 20_000);
  });
  set(new Member('first'), 200);
  set(new Member('second'), 300);
  vi.advanceTimersByTime(300 + LATE_MAX);
  expectPassed(['first', 200], ['second', 300]);
});

it('may be set anew, sooner or later, or taken away', () => {
  const [sooner, later, cleared, removed] = ['sooner', 'later', 'cleared', 'removed'].map(
    (name) => new Member(name),
  );
  for (const member of [sooner, later, cleared, removed]) set(member, 1000);
  set(sooner, 100);
  set(later, 2000);
  wheel.clear(cleared);
  wheel.remove(removed);
  vi.advanceTimersByTime(10_000);
  expectPassed(['sooner', 100], ['later', 2000]);
});

it('may be set again when it has passed', () => {
  start((member) => {
    if (passed.length < 3) set(member, 500);
  });
  set(new Member('a'), 500);
  vi.advanceTimersByTime(10_000);
  expect(passed).toHaveLength(3);
  expect(passed[2][1]).toBeLessThanOrEqual(1500 + 3 * LATE_MAX);
});

it('passes once after the loop was held up for longer than the wheel is round', () => {
  for (let i = 0; i < 100; i++) set(new Member(`${i}`), 1000 * i + 1);
  vi.setSystemTime(now() + 300_000);
  vi.advanceTimersByTime(LATE_MAX + 1);
  expect(passed).toHaveLength(100);
  vi.advanceTimersByTime(300_000);
  expect(passed).toHaveLength(100);
});

it('leaves the first word to what the loop has for the member', () => {
  const [answered, closed, moved, due] = ['answered', 'closed', 'moved', 'due'].map(
    (name) => new Member(name),
  );
  for (const member of [answered, closed, moved, due]) set(member, 100);
  // The loop was held up. It looks at its timers first, and at sockets and threads before setImmediate.
  vi.setSystemTime(now() + 1000);
  vi.advanceTimersToNextTimer();
  wheel.clear(answered);
  wheel.remove(closed);
  set(moved, 1000);
  expect(passed).toEqual([]);
  vi.advanceTimersByTime(500);
  expect(passed.map(([name]) => name)).toEqual(['due']);
  vi.advanceTimersByTime(500 + LATE_MAX);
  expect(passed.map(([name]) => name)).toEqual(['due', 'moved']);
});

it('keeps every deadline of many, whatever is done to them', () => {
  const step = fc.record({
    member: fc.nat(9),
    what: fc.constantFrom('set', 'set', 'set', 'clear', 'remove', 'wait'),
    ms: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 200_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const due = new Map<string, number>();
      const told = new Set<string>();
      start(({ name }) => {
        const at = due.get(name);
        expect(at, `${name} has no deadline`).toBeDefined();
        expect(now()).toBeGreaterThanOrEqual(at!);
        expect(now()).toBeLessThanOrEqual(at! + LATE_MAX);
        due.delete(name);
        told.add(name);
      });
      const members = Array.from({ length: 10 }, (_, i) => new Member(`${i}`));
      for (const { member, what, ms } of steps) {
        const { name } = members[member];
        if (what === 'set') {
          set(members[member], ms);
          due.set(name, now() + ms);
        } else if (what === 'wait') {
          vi.advanceTimersByTime(ms);
        } else {
          wheel[what as 'clear' | 'remove'](members[member]);
          due.delete(name);
        }
        for (const [who, at] of due) expect(now(), who).toBeLessThanOrEqual(at + LATE_MAX);
      }
      vi.advanceTimersByTime(200_000 + LATE_MAX);
      expect([...due.keys()]).toEqual([]);
      wheel.close();
    }),
    { numRuns: 300 },
  );
});
