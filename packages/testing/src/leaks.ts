// The verdict about what stays behind.
import type { Growth, Held } from './growth.ts';

/** What the calls left behind, as far as it grew with them. */
export interface Leaks {
  leaks: boolean;
  /** So many were measured. */
  calls: number;
  bytes: number;
  bytesPerCall: number;
  descriptors: number;
  threads: number;
}

/** Rounds that may have less: in which something else gave back what it held. */
const LESS = 2;
/** Bytes: in a round, and by the call. The smallest piece of malloc(3) is 32. */
const ROUND_MIN = 1024;
const CALL_MIN = 1;
const PAGE = 4096;

/**
 * What a library leaks, it leaks in each round; what this process does by itself, and caches that fill, come in some. So
 * of each kind the third smallest round counts: where it is nothing, all is well, and else it is what a round costs.
 */
export function judge({ calls, rounds }: Growth): Leaks {
  const all = (kind: keyof Held, least: number): number => {
    const round = rounds.map((held) => held[kind]).sort((a, b) => a - b)[LESS];
    return round >= least ? round * rounds.length : 0;
  };
  const bytes = all('malloc', Math.max(ROUND_MIN, (CALL_MIN * calls) / rounds.length)) + all('mapped', PAGE);
  const descriptors = all('descriptors', 1);
  const threads = all('threads', 1);
  const leaks = bytes > 0 || descriptors > 0 || threads > 0;
  return { leaks, calls, bytes, bytesPerCall: bytes / calls, descriptors, threads };
}
