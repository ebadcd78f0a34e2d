// The order on a connection: requests that are pipelined are answered one after the other (RFC 9112 9.3.2), and a
// client that sends faster than it is answered is not read from.
import type { Socket } from 'node:net';

const DEPTH_MAX = 16;

export interface Connection {
  readonly socket: Socket;
  /** Turns that are waiting or running. */
  readonly depth: number;
  /** Runs the turn when those before it have ended. It must not reject. */
  turn(run: () => Promise<void>): void;
  /** The peer broke the protocol: nothing more is read. False when that was known. */
  fail(): boolean;
}

export function createConnection(socket: Socket): Connection {
  let tail: Promise<void> | null = null;
  let depth = 0;
  let failed = false;
  return {
    socket,
    get depth() {
      return depth;
    },
    turn(run) {
      depth += 1;
      if (depth === DEPTH_MAX) socket.pause();
      const ended = (tail ? tail.then(run) : run()).then(() => {
        depth -= 1;
        if (depth === 0) tail = null;
        if (depth === DEPTH_MAX - 1 && !failed) socket.resume();
      });
      tail = ended;
    },
    fail() {
      const first = !failed;
      failed = true;
      return first;
    },
  };
}
