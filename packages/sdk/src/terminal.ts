// Words for people, on standard error.
import { isatty } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

const STDERR = 2;

/** Colours on a terminal only, and not against the user's will (https://no-color.org). */
export function wantsColour(fd: number): boolean {
  return isatty(fd) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

const colour = wantsColour(STDERR);

const paint = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold: (text: string) => string = paint(1);
export const dim: (text: string) => string = paint(2);
export const red: (text: string) => string = paint(31);
export const green: (text: string) => string = paint(32);
export const yellow: (text: string) => string = paint(33);
export const cyan: (text: string) => string = paint(36);

/** Writes a line. What tools have coloured stays coloured where colours are wanted. */
export function say(text: string): void {
  process.stderr.write(`${colour ? text : stripVTControlCharacters(text)}\n`);
}

export function sayError(text: string): void {
  say(`${red('error:')} ${text}`);
}

/** «104 ms», «1.4 s» */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** What takes longer than a second is announced. */
export async function announced<T>(text: string, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => say(dim(`${text} ...`)), 1000);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
