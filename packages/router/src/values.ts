import type { Outcome } from './diagnostic.ts';
import type { Option } from './options.ts';

/** Reads and checks an option's text: durations give milliseconds, sizes bytes. Never throws. */
export function parseOption(_option: Option, _text: string): Outcome<number | string> {
  throw new Error('yet to come');
}
