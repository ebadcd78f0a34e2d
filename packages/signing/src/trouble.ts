import { FlexilibError } from '@flexilib/native/errors';

const LONGEST = 2000;

/** FL_SIGNATURE; path: what it is about, which the message begins with. text: one line, whatever of a stranger's bundle is in it. */
export function trouble(path: string, text: string, cause?: unknown): FlexilibError {
  const line = text.slice(0, LONGEST).replace(/\p{Cc}/gu, '?');
  return new FlexilibError('FL_SIGNATURE', `${path}: ${line}`, { path, cause });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
