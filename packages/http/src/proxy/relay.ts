// An upstream's answer on its way to the client, as fast as the client takes it.
import { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Backend, type Outcome, responseFields, soundReason } from '@flexilib/proxy';
import { hold, isFull, letGo } from '../held.ts';
import type { Relay } from '../result.ts';
import { answerHasBody, frameAnswer, trailerFields } from './framing.ts';
import type { Passage } from './passage.ts';
import { unsentOf, watchStall } from './stall.ts';

/** What is held of an answer for a slow client where the route says so; more isn't read from the upstream meanwhile. */
const BUFFERED_MAX = 64 << 20;

const SHORT = 'its answer ended early';

export interface RelayOptions {
  req: IncomingMessage;
  res: ServerResponse;
  passage: Passage;
  backend: Backend;
  /** The upstream's. */
  head: IncomingMessage;
  /** Longest time that a client takes nothing, in milliseconds. */
  sendTimeout: number;
}

/** How it ended: sent as a whole, cut on the upstream's side, or left by the client. */
type End = 'whole' | 'cut' | 'gone';

/** Sends an answer of an upstream, whose backend it ends, and the passage. */
export function answerRelay(options: RelayOptions): Relay {
  const { passage, backend, head } = options;
  const { group } = passage;
  return {
    async send(last) {
      let isOut = false;
      let isWhole = false;
      const out = (outcome: Outcome, why?: string): void => {
        if (!isOut) group.end(backend, outcome, why);
        isOut = true;
      };
      try {
        const { end, bytes, why } = await relay(options, last, () => {
          out('ok');
          // It is answered: the rest of its body is nobody's.
          if (!passage.body.isRead) passage.current!.abort();
        });
        const { givenUp } = passage;
        const isGone = end === 'gone' || givenUp?.status === null;
        const isFault = end === 'cut' && (givenUp === null || givenUp.status === 504);
        if (isFault) passage.onFault(`${backend.name}: ${givenUp?.why ?? why}`);
        out(isFault ? 'failed' : 'unknown', givenUp?.why ?? why);
        isWhole = end === 'whole';
        if (isWhole && !last && !passage.body.isRead) options.req.resume(); // it is dropped
        return { status: isGone ? 499 : head.statusCode!, bytes, isWhole };
      } finally {
        out('unknown');
        if (!isWhole) passage.current!.abort();
        passage.end();
      }
    },
  };
}

/** onRead: the upstream has sent all of it. What is cut ends the client's connection, so that it never looks whole. */
function relay(
  { req, res, passage, head, sendTimeout }: RelayOptions,
  last: boolean,
  onRead: () => void,
): Promise<{ end: End; bytes: number; why: string }> {
  const { spec } = passage;
  const { buffering, idle_timeout: idleTimeout } = spec.options;
  const isBuffered = buffering === 'response' || buffering === 'both';
  const { socket } = req;
  const status = head.statusCode!;
  let bytes = 0;
  let held = 0;
  let isRead = false;
  let idle: NodeJS.Timeout | undefined;

  return new Promise((resolve) => {
    let settled = false;
    function settle(found: End, why = ''): void {
      if (settled) return;
      settled = true;
      clearTimeout(idle);
      unwatch();
      letGo(held);
      // Where the time of the whole is over and the client had to take something first, it is the one who was late.
      const end = found === 'cut' && passage.givenUp && held > 0 ? 'gone' : found;
      const unsent = end === 'gone' ? (unsentOf(socket) ?? held) : 0;
      if (end !== 'whole') socket.destroy();
      resolve({ end, bytes: Math.max(0, bytes - unsent), why });
    }
    const unwatch = watchStall(socket, sendTimeout, () => settle('gone'));

    function count(): void {
      hold(res.writableLength - held);
      held = res.writableLength;
    }

    function onData(piece: Buffer): void {
      bytes += piece.length;
      if (res.write(piece)) {
        idle!.refresh();
        return;
      }
      count();
      if (isBuffered && held < BUFFERED_MAX && !isFull()) return;
      head.pause();
      clearTimeout(idle);
    }

    function read(): void {
      clearTimeout(idle);
      idle = setTimeout(onIdle, idleTimeout);
      head.resume();
    }

    /** It isn't silent while it takes more of the request. */
    function onIdle(): void {
      const left = passage.current!.progressed + idleTimeout - performance.now();
      if (left <= 0) settle('cut', `silent for ${idleTimeout / 1000} s in its answer`);
      else idle = setTimeout(onIdle, left);
    }

    function onDrain(): void {
      count();
      if (!isRead) read();
    }

    function onEnd(): void {
      if (passage.current!.broken || !head.complete) {
        settle('cut', SHORT);
        return;
      }
      finish();
    }

    function finish(): void {
      isRead = true;
      onRead();
      clearTimeout(idle);
      const trailers = trailerFields(head);
      if (trailers.length > 0) res.addTrailers(trailers);
      res.end();
    }

    res.once('finish', () => settle('whole'));
    res.once('close', () => settle(res.writableFinished ? 'whole' : 'gone'));
    head.once('close', () => {
      if (!isRead) settle('cut', SHORT);
    });
    if (socket.destroyed) return settle('gone');
    const hasBody = answerHasBody(req.method!, status);
    if (hasBody && head.destroyed && !head.readableEnded && !head.complete) return settle('cut', SHORT);

    res.removeHeader('connection'); // ours are the only words about it
    res.sendDate = false;
    // node:http would close before the client has read it all (RFC 9112, 9.6); the door does it.
    if (last) socket.destroySoon = () => {};
    const fields = frameAnswer(req, head, responseFields(spec, head.rawHeaders), last);
    res.writeHead(status, soundReason(head.statusMessage ?? ''), fields);
    // An empty piece sends the head, as Latin-1, which flushHeaders doesn't (seen in 20.20 and 24.21).
    if (hasBody) res.write(Buffer.alloc(0));
    res.on('drain', onDrain);
    if (!hasBody) {
      // All of it is here. What follows nevertheless makes node:http destroy it, and then it never ends.
      head.resume();
      finish();
      return;
    }
    head.on('data', onData).once('end', onEnd);
    read();
  });
}
