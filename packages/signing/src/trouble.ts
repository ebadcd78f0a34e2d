import { FlexilibError } from '@flexilib/native/errors';

/** FL_SIGNATURE; path: what it is about, which the message begins with. */
export function trouble(path: string, text: string, cause?: unknown): FlexilibError {
  return new FlexilibError('FL_SIGNATURE', `${path}: ${text}`, { path, cause });
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
