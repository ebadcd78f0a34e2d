// How a text becomes packets.
import fc from 'fast-check';
import type { Step } from './script.ts';

export type Cuts = { at: number[] } | { every: number } | { linesAt: number };

export const cuts: fc.Arbitrary<Cuts> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Cuts>({ at: [] }) },
  {
    weight: 4,
    arbitrary: fc.record({
      at: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ linesAt: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ every: fc.integer({ min: 1, max: 20 }) }) },
);
const CUTS_MAX = 30;

function places(text: string, cuts: Cuts): number[] {
  if ('at' in cuts) return cuts.at.map((fraction) => Math.floor(fraction * text.length));
  if ('every' in cuts) return Array.from({ length: CUTS_MAX }, (_, i) => (i + 1) * cuts.every);
  return [...text.matchAll(/\r\n/g)].slice(0, CUTS_MAX).map(({ index }) => index + cuts.linesAt);
}

export function packets(text: string, cuts: Cuts): Step[] {
  const at = places(text, cuts).filter((place) => place > 0 && place < text.length);
  const ends = [...new Set(at), text.length].sort((a, b) => a - b);
  return ends.map((end, i) => ({ send: text.slice(i === 0 ? 0 : ends[i - 1], end) }));
}
