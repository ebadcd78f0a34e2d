import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Reply, writeReplyHead } from './reply.ts';

/** How long what a client still sends is read and thrown away, so that it can read the answer first. */
const LINGER_MS = 2000;

/** Sends the reply; resolves with true when its last byte is with the kernel, false when the client went before. */
export function send(
  req: IncomingMessage,
  res: ServerResponse,
  reply: Reply,
  close: boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    res.once('finish', () => resolve(true));
    res.once('close', () => resolve(res.writableFinished));
    writeReplyHead(req, res, reply, close);
    if (!close || req.complete) {
      if (reply.body.length > 0) res.end(reply.body);
      else res.end();
      return;
    }
    // RFC 9112 9.6: a close with unread bytes is a reset, which may overtake the answer.
    if (reply.body.length > 0) res.write(reply.body);
    else res.flushHeaders();
    const timer = setTimeout(end, LINGER_MS);
    function end(): void {
      clearTimeout(timer);
      res.end();
    }
    req.once('end', end).once('close', end).resume();
  });
}
