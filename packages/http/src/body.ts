import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { hold, isFull, letGo } from './held.ts';

export interface BodyLimits {
  /** Bytes of one body. */
  max: number;
  /** Longest silence between two pieces, in milliseconds. */
  timeout: number;
}

/** The body, or the status to refuse it with, or null when the client has gone. */
export type Body = Buffer<ArrayBuffer> | number | null;

/** A body up to this size that nobody wants is read and dropped; a larger one costs the connection. */
const DISCARD_MAX = 64 << 10;

const empty = Buffer.from(new ArrayBuffer(0));
const broken = new WeakMap<IncomingMessage, number>();
const BROKEN = Symbol('broken');

/** True when the head announces a body (RFC 9112 6.3). */
export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
}

/** True when the connection is worth less than reading the announced body only to drop it. */
export function isCostly(req: IncomingMessage): boolean {
  return hasBody(req) && !(Number(req.headers['content-length']) <= DISCARD_MAX);
}

/** True when the head alone says that the body is too large. */
export function isTooLarge(req: IncomingMessage, limits: BodyLimits): boolean {
  return Number(req.headers['content-length']) > limits.max;
}

/** The rest of the body can't be read: its framing is wrong, or the client ended it early. */
export function breakBody(req: IncomingMessage, status: number): void {
  broken.set(req, status);
  req.emit(BROKEN);
}

/**
 * Reads a body whole. Its memory isn't moved or shared (it goes to native code by address). It is held:
 * let it go. Never rejects; after a status the rest of the body is still unread.
 */
export async function readBody(req: IncomingMessage, limits: BodyLimits): Promise<Body> {
  if (!hasBody(req)) return empty;
  if (isTooLarge(req, limits)) return 413;
  if (req.destroyed) return null;
  const pieces: Buffer[] = [];
  const outcome = await collect(req, limits, pieces);
  const length = lengthOf(pieces);
  if (outcome === 200) {
    try {
      return join(pieces, length);
    } catch {
      // RangeError: no memory for it.
    }
  }
  letGo(length);
  return outcome === 200 ? 503 : outcome;
}

/** Gives 200 when all pieces are there; they count as held in any case. */
function collect(req: IncomingMessage, limits: BodyLimits, pieces: Buffer[]): Promise<number | null> {
  let length = 0;
  return new Promise((resolve) => {
    const timer = setTimeout(() => finish(408), limits.timeout);
    function finish(result: number | null): void {
      clearTimeout(timer);
      stop();
      resolve(result);
    }
    function onData(piece: Buffer): void {
      length += piece.length;
      hold(piece.length);
      pieces.push(piece);
      if (length > limits.max) finish(413);
      else if (isFull()) finish(503);
      else timer.refresh();
    }
    const stop = listen(req, { onData, onEnd: () => finish(200), onBroken: finish });
  });
}

export interface BodyListener {
  onData(piece: Buffer): void;
  onEnd(): void;
  /** The rest can't be read: the status to tell it with; null: the client has gone. */
  onBroken(status: number | null): void;
}

/** Reads a body piece by piece. The function that it gives pauses it and ends that; not before this has returned. */
export function listen(req: IncomingMessage, { onData, onEnd, onBroken }: BodyListener): () => void {
  const onClose = () => onBroken(null);
  let stopped = false;
  const onBreak = () => {
    if (!stopped) onBroken(broken.get(req)!);
  };
  req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose).on(BROKEN, onBreak);
  if (broken.has(req)) process.nextTick(onBreak);
  return () => {
    stopped = true;
    req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    req.off(BROKEN, onBreak).pause();
  };
}

function lengthOf(pieces: Buffer[]): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

function join(pieces: Buffer[], length: number): Buffer<ArrayBuffer> {
  const body = Buffer.from(new ArrayBuffer(length));
  let at = 0;
  for (const piece of pieces) at += piece.copy(body, at);
  return body;
}
