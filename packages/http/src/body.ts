import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';

export interface BodyLimits {
  /** Bytes of one body. */
  max: number;
  /** Longest silence between two pieces, in milliseconds. */
  timeout: number;
}

/** The body, or the status to refuse it with, or null when the client has gone. */
export type Body = Buffer<ArrayBuffer> | 408 | 413 | 503 | null;

/** Bytes of bodies that may be held at a time, over all connections. */
const HELD_MAX = 512 << 20;
let held = 0;

const empty = Buffer.from(new ArrayBuffer(0));

/** True when the head announces a body (RFC 9112 6.3). */
export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/**
 * Reads a body whole. Its memory isn't moved or shared (it goes to native code by address). Give it back with
 * releaseBody. Never rejects; after a status the rest of the body is still unread.
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Body> {
  if (!hasBody(req)) return empty;
  const announced = Number(req.headers['content-length'] ?? -1);
  if (announced > limits.max) return 413;
  const pieces: Buffer[] = [];
  let length = 0;
  const outcome = await new Promise<408 | 413 | 503 | null | 200>((resolve) => {
    const timer = setTimeout(() => finish(408), limits.timeout);
    const finish = (result: 408 | 413 | 503 | null | 200) => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      req.pause();
      resolve(result);
    };
    const onData = (piece: Buffer) => {
      length += piece.length;
      held += piece.length;
      pieces.push(piece);
      if (length > limits.max) finish(413);
      else if (held > HELD_MAX) finish(503);
      else timer.refresh();
    };
    const onEnd = () => finish(200);
    const onClose = () => finish(req.complete ? 200 : null);
    req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
  if (outcome !== 200) {
    held -= length;
    return outcome;
  }
  const body = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) at += piece.copy(body, at);
  return body;
}

/** The body's bytes are not needed any more. */
export function releaseBody(body: Buffer): void {
  held -= body.length;
}
