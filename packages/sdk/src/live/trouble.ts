// What went wrong with a request, as far as it is known.
import type { Reply, Story } from '@flexilib/http';
import { nameOf } from '../build/project.ts';
import type { Failure } from '../dev/protocol.ts';
import { excerptOf } from './excerpt.ts';

export interface Trouble {
  status: number;
  reason: string;
  title: string;
  /** What there is to know, perhaps in a terminal's colours. */
  text: string;
}

export interface Exchanged {
  /** Method and target. */
  request: string;
  reply: Reply;
  story: Story | null;
  /** What the library has logged since the request came. */
  logged: readonly string[];
  failures: Readonly<Record<string, Failure>>;
}

/** null: nothing. */
export function troubleOf({ request, reply, story, logged, failures }: Exchanged): Trouble | null {
  const { status, reason, body } = reply;
  const title = `${status} ${reason}`;
  const log = logged.length === 0 ? '' : `\n\nIt logged:\n  ${logged.join('\n  ')}`;
  if (story instanceof Error) {
    const { code, message, path } = story;
    const failure = code === 'FL_BUILD' && path !== undefined && failures[path];
    if (!failure) return { status, reason, title, text: message };
    return { status: 500, reason: 'Internal Server Error', title: titleOf(path, failure), text: message };
  }
  if (story !== null)
    return { status, reason, title, text: `${request}: ${story}${withSource(story)}${log}` };
  // The SDKs turn an error or a panic into an empty 500 and a line in the log.
  if (status < 500 || body.length > 0 || log === '') return null;
  return { status, reason, title, text: `${request}: the executor failed${log}` };
}

export function titleOf(library: string, { step }: Failure): string {
  return `${nameOf({ library })} does not ${step}`;
}

function withSource(report: string): string {
  const excerpt = excerptOf(report);
  return excerpt === '' ? '' : `\n\n${excerpt.trimEnd()}`;
}
