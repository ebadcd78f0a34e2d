import type { IncomingMessage } from 'node:http';
import { monotonicNow } from '@flexilib/native';
import { ownReply, type Reply } from './reply.ts';
import type { Measured, Story } from './story.ts';

/** A client that waits for room is told to wait this long, in seconds. */
export const RETRY_AFTER = 1;

/** An answer that is sent as it comes from elsewhere. */
export interface Relay {
  /**
   * Sends it, once; also when the client has gone, since things end there. last: it is the connection's last. Where it
   * can't be sent whole it cuts the connection. Settles when its last byte is with the kernel.
   */
  send(last: boolean): Promise<Sent>;
}

/** What the log tells of an answer. */
export interface Sent {
  /** 499 when the client went first. */
  status: number;
  /** Of the body. */
  bytes: number;
  isWhole: boolean;
}

/** What became of a request. null as reply, and no relay: the client has gone. */
export interface Result {
  reply: Reply | null;
  relay?: Relay;
  /** Monotonic milliseconds: the reply was known, or the head of what is relayed. */
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
