// The body of a request on its way to an upstream, and again to the next one while that can be done.
import { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Attempt } from '@flexilib/proxy';
import { type BodyLimits, hasBody, listen } from '../body.ts';
import { trailerFields } from './framing.ts';

/** What is kept of a body, so that it can be sent again. */
const KEPT_MAX = 64 << 10;

export interface RequestBody {
  /** All of it as it was read, if it was read before it is sent. */
  readonly whole: Buffer | null;
  /** Can be sent from its beginning. */
  readonly canRepeat: boolean;
  /** The client has sent all of it. */
  readonly isRead: boolean;
  /** Sends it from its beginning; what isn't there yet as it comes, and as fast as it is taken. */
  sendTo(attempt: Attempt): void;
  /** Reads no more of it. */
  stop(): void;
}

/** A body that is there, or none. */
export function wholeBody(whole: Buffer): RequestBody {
  return {
    whole,
    canRepeat: true,
    isRead: true,
    sendTo: ({ request }) => void (whole.length > 0 ? request.end(whole) : request.end()),
    stop() {},
  };
}

export interface StreamOptions {
  limits: BodyLimits;
  /** The client waits for a 100, so its silence means nothing. */
  isAwaited(): boolean;
  /** The rest won't come: the status to tell it with; null: the client has gone. */
  onFailed(status: number | null): void;
  /** All of it was read, and it is small. */
  onKept(body: Buffer): void;
}

/** A body that is read as an upstream takes it. */
export function streamBody(req: IncomingMessage, options: StreamOptions): RequestBody {
  const { limits, isAwaited, onFailed, onKept } = options;
  if (!hasBody(req)) return wholeBody(Buffer.alloc(0));
  let kept: Buffer[] | null = [];
  let length = 0;
  let isRead = false;
  let attempt: Attempt | null = null;
  let unlisten: (() => void) | null = null;
  let silence: NodeJS.Timeout | undefined;

  function onData(piece: Buffer): void {
    length += piece.length;
    if (length > limits.max) {
      fail(413);
      return;
    }
    if (length <= KEPT_MAX) kept?.push(piece);
    else kept = null;
    attempt!.progress();
    if (attempt!.request.write(piece)) silence!.refresh();
    else pause();
  }

  function onEnd(): void {
    const taker = attempt!;
    stop();
    isRead = true;
    taker.progress();
    finish(taker);
    if (kept) onKept(Buffer.concat(kept));
  }

  function fail(status: number | null): void {
    stop();
    onFailed(status);
  }

  function onSilence(): void {
    // An answer that has begun tells whether the upstream is content.
    if (isAwaited() || attempt!.isAnswered) silence!.refresh();
    else fail(408);
  }

  function pause(): void {
    clearTimeout(silence);
    req.pause();
    const { request } = attempt!;
    request.once('drain', () => {
      if (request === attempt?.request) read();
    });
  }

  function read(): void {
    clearTimeout(silence);
    silence = setTimeout(onSilence, limits.timeout);
    unlisten ??= listen(req, { onData, onEnd, onBroken: fail });
    req.resume();
  }

  function finish({ request }: Attempt): void {
    const trailers = trailerFields(req);
    if (trailers.length > 0) request.addTrailers(trailers);
    request.end();
  }

  function stop(): void {
    clearTimeout(silence);
    unlisten?.();
    unlisten = null;
    attempt = null;
  }

  return {
    whole: null,
    get canRepeat() {
      return kept !== null;
    },
    get isRead() {
      return isRead;
    },
    sendTo(next) {
      attempt = next;
      const { request } = next;
      if (isRead) {
        for (const piece of kept!) request.write(piece);
        finish(next);
        return;
      }
      // An empty piece sends the head, as Latin-1, which flushHeaders doesn't (seen in 20.20 and 24.21).
      request.write(Buffer.alloc(0));
      // What isn't read can be read for another upstream.
      next.connected.then(() => {
        if (attempt !== next) return;
        for (const piece of kept!) request.write(piece);
        if (request.writableNeedDrain) pause();
        else read();
      });
    },
    stop,
  };
}
