// The order on a connection: requests that are pipelined are answered one after the other (RFC 9112 9.3.2), and a
// client that sends faster than it is answered, or doesn't take its answer, is not read from.
import type { Buffer } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ServedRoute } from './routes.ts';

/** Requests that may wait; what one read brings beyond it waits too. */
const DEPTH_MAX = 16;
/** How long what a client still sends is read and thrown away after the last answer. */
const LINGER_MS = 2000;

export interface Connection {
  readonly socket: Socket;
  readonly peer: string;
  /** The newest request. */
  last: IncomingMessage | null;
  /** The route of the next request, when it was looked for elsewhere. */
  found: ServedRoute | null;
  /** Turns that are waiting or running. */
  readonly depth: number;
  /** Bytes that the client has sent and that were read. */
  readonly bytesRead: number;
  /** Nothing was read since the last answer: it can be closed without loss. */
  readonly idle: boolean;
  /** Runs the turn when those before it have ended, unless the connection has ended too. */
  turn(run: () => Promise<void>): void;
  /** An answer is on its way: nothing is read until the turn has ended. */
  hold(): void;
  /** The peer broke the protocol. False when that was known, or nobody listens any more. */
  fail(): boolean;
  /** What is read from here on onData has, and node:http doesn't see it: no request comes any more. */
  detach(onData: (piece: Buffer) => void): void;
  /** The last answer was given: sends a FIN, and what comes now is read only so that the answer arrives. */
  end(): void;
}

export interface ConnectionOptions {
  socket: Socket;
  /** «127.0.0.1:59940» */
  peer: string;
  /** Bytes of it that were read elsewhere, and given back to be read here. */
  given: number;
  /** A turn threw; the connection is cut. */
  onError(error: unknown): void;
}

export function createConnection({ socket, peer, given, onError }: ConnectionOptions): Connection {
  let tail = Promise.resolve();
  let depth = 0;
  let sending = false;
  let failed = false;
  let ended = false;
  let seen = 0;

  // node:http resumes the socket for its own reasons, so pausing it once is not enough.
  const isHeld = () => !ended && (sending || depth >= DEPTH_MAX);
  socket.on('resume', () => {
    if (isHeld()) socket.pause();
  });

  async function run(turn: () => Promise<void>): Promise<void> {
    try {
      if (!ended && !socket.destroyed) await turn();
    } catch (error) {
      socket.destroy();
      onError(error);
    }
    depth -= 1;
    sending = false;
    seen = connection.bytesRead;
    if (!isHeld()) socket.resume();
  }

  /** It must be reading when the listeners change, or nobody ever reads. */
  function detach(onData: (piece: Buffer) => void): void {
    const change = () => socket.removeAllListeners('data').on('data', onData);
    socket.pause().once('resume', change).resume();
  }

  const connection: Connection = {
    socket,
    peer,
    last: null,
    found: null,
    get depth() {
      return depth;
    },
    get bytesRead() {
      return given + socket.bytesRead;
    },
    get idle() {
      return depth === 0 && connection.bytesRead === seen;
    },
    turn(turn) {
      depth += 1;
      if (isHeld()) socket.pause();
      tail = tail.then(() => run(turn));
    },
    hold() {
      sending = true;
      socket.pause();
    },
    fail() {
      const first = !failed && !ended;
      failed = true;
      return first;
    },
    detach,
    end() {
      if (ended || socket.destroyed) return;
      ended = true;
      socket.end();
      // RFC 9112 9.6: a close with unread bytes is a reset, which may overtake the answer.
      detach(() => {});
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
    },
  };
  return connection;
}
