import { isatty } from 'node:tty';
import { duplicate } from '@flexilib/native';
import { createLines, type Lines } from './lines.ts';

/** What happens, for people: on standard error. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
  flush(): Promise<void>;
}

const LINE_MAX = 4000;
const STDERR = 2;

/** Colours on a terminal only, and not against the user's will (https://no-color.org). */
function wantsColour(): boolean {
  return isatty(STDERR) && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

export function createLog(): Log {
  const lines: Lines = createLines(duplicate(STDERR), () => {}, 0); // there is nobody left to tell
  const paint = (colour: number, text: string) => (wantsColour() ? `\x1b[1;${colour}m${text}\x1b[0m` : text);
  const write = (prefix: string, text: string) => {
    // What a library or a client says must not look like a line of ours.
    const safe = text.replace(/[^\P{Cc}\n\t]/gu, '?').replaceAll('\n', '\n  ');
    lines.write(`${prefix}${safe.length > LINE_MAX ? `${safe.slice(0, LINE_MAX)}...` : safe}\n`);
  };
  return {
    info: (text) => write('', text),
    warn: (text) => write(paint(33, 'warning: '), text),
    error: (text) => write(paint(31, 'error: '), text),
    flush: lines.flush,
  };
}
