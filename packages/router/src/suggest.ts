import { closest } from 'fastest-levenshtein';

/** The hint for a name that nobody knows: the nearest that somebody does. */
export function didYouMean(name: string, known: readonly string[]): string {
  return `did you mean \`${closest(name, known)}\`?`;
}
