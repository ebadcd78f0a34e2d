import type { Rule } from './config.ts';
import type { Head } from './head.ts';

/** Gives the index of the first rule, in order, that the head matches, or -1. Allocates nothing. */
export type Match = (head: Head) => number;

/** Compiles the rules, in file order, to a matcher. */
export function createMatcher(_rules: readonly Rule[]): Match {
  throw new Error('yet to come');
}
