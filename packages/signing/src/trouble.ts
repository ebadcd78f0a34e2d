import { FlexilibError } from '@flexilib/native/errors';

/** FL_SIGNATURE; path: what it is about, which the message begins with. */
export function trouble(path: string, text: string, cause?: unknown): FlexilibError {
  return new FlexilibError('FL_SIGNATURE', printable(`${path}: ${text}`), { path, cause });
}

const LONGEST = 2000;

/** What others wrote (a bundle, a service) in a line of a terminal or a log: no control characters, and not too long. */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, '?').slice(0, LONGEST);

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
