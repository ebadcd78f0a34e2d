// How long a route's calls take, so that slow ones don't hold up quick ones on the pool.

/**
 * Between the two a route stays what it is: were there one limit, the calls of a route near it would be spread over
 * both lanes, and wait for very different times.
 */
const SLOW_MS = 4;
const QUICK_MS = 2;

export interface Pace {
  /** A moving average in milliseconds, of the last eight calls, more or less; -1: there was none. */
  average: number;
  /** It may hold up others like it, but not quick ones. A route that was never called may be anything. */
  slow: boolean;
}

export const newPace = (): Pace => ({ average: -1, slow: true });

/** Takes how long a call was inside the executor. */
export function learnPace(pace: Pace, milliseconds: number): void {
  pace.average = pace.average < 0 ? milliseconds : pace.average + (milliseconds - pace.average) / 8;
  if (pace.average < QUICK_MS) pace.slow = false;
  else if (pace.average >= SLOW_MS) pace.slow = true;
}
