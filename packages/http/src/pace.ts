// How long a route's calls take, so that slow ones don't hold up quick ones on the pool.

/** Calls of a quick route take less, on average. */
const QUICK_MS = 2;

export interface Pace {
  /** A moving average in milliseconds, of the last eight calls, more or less; -1: there was none. */
  average: number;
}

export const newPace = (): Pace => ({ average: -1 });

/** A route that was never called may be anything. */
export const isSlow = ({ average }: Pace): boolean => average < 0 || average >= QUICK_MS;

export function learnPace(pace: Pace, milliseconds: number): void {
  pace.average = pace.average < 0 ? milliseconds : pace.average + (milliseconds - pace.average) / 8;
}
