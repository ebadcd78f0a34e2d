import { expect, it } from 'vitest';
import { learnPace, newPace } from '../src/pace.ts';

function after(...calls: number[]) {
  const pace = newPace();
  for (const milliseconds of calls) learnPace(pace, milliseconds);
  return pace;
}
const times = (count: number, milliseconds: number): number[] => Array(count).fill(milliseconds);

it('calls a route slow until its calls have been quick', () => {
  expect(newPace().slow).toBe(true);
  expect(after(0.1).slow).toBe(false);
  expect(after(3).slow).toBe(true);
});

it('learns', () => {
  expect(after(...times(20, 0.1), ...times(20, 50)).slow).toBe(true);
  expect(after(...times(20, 50), ...times(60, 0.1)).slow).toBe(false);
});

it('leaves a route whose calls are in between in the lane that it is in', () => {
  const wavering = Array.from({ length: 100 }, (_, i) => (i % 20 < 10 ? 1.5 : 3.5));
  const lanes = (pace: ReturnType<typeof newPace>) => {
    const seen = wavering.map((milliseconds) => {
      learnPace(pace, milliseconds);
      return pace.slow;
    });
    return new Set(seen);
  };
  expect(lanes(after(0.1))).toEqual(new Set([false]));
  expect(lanes(after(...times(20, 50)))).toEqual(new Set([true, false])); // it came below once
});

it('minds one long call among quick ones little', () => {
  expect(after(...times(20, 0.1), 20).slow).toBe(false);
});
