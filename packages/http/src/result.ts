import type { IncomingMessage } from 'node:http';
import { monotonicNow } from '@flexilib/native';
import { ownReply, type Reply } from './reply.ts';
import type { Measured, Story } from './story.ts';

/** A client that waits for room is told to wait this long, in seconds. */
export const RETRY_AFTER = 1;

/** What became of a request. null as reply: the client has gone. */
export interface Result {
  reply: Reply | null;
  /** Monotonic milliseconds: the reply was known. */
  decided: number;
  preAlloc: number;
  alloc: number;
  /** The connection can't be used any more: a part of the request is unread. */
  close: boolean;
  /** Of an answer of the server's own, when there is more to tell than its status. */
  story?: Story | Promise<Story>;
  /** Of an executor's. */
  measured?: Measured;
}

/** An answer of the server's own. retryAfter: of a 503. */
export function ownResult(
  status: number,
  req: IncomingMessage,
  close = false,
  retryAfter: number = RETRY_AFTER,
): Result {
  const reply = ownReply(status, req.method === 'HEAD', status === 503 ? retryAfter : 0);
  return { reply, decided: monotonicNow(), preAlloc: 0, alloc: 0, close };
}
