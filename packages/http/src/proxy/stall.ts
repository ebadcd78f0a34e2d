// A client that takes nothing of what it is sent, whatever it sends itself: a socket's own timeout counts both ways.
import type { Socket } from 'node:net';

/** Node's, of a TCP connection; its own timeout looks there for the progress of a long write (lib/net.js, _onTimeout). */
interface Handle {
  bytesWritten: number;
  writeQueueSize: number;
}

/** How often is looked within the time: a client is cut at most this part of it late. */
const LOOKS = 4;

/**
 * Calls onStall when something was to be sent and the client took nothing of it for so many milliseconds. The function
 * that it gives ends that.
 */
export function watchStall(socket: Socket, timeout: number, onStall: () => void): () => void {
  let before = takenOf(socket);
  let since = performance.now();
  const look = (): void => {
    const now = takenOf(socket);
    if (now !== before || socket.writableLength === 0) {
      before = now;
      since = performance.now();
    } else if (performance.now() - since >= timeout) onStall();
  };
  const timer = setInterval(look, Math.ceil(timeout / LOOKS));
  return () => clearInterval(timer);
}

/** Bytes that the kernel has taken; undefined: it is closed. */
function takenOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: Handle | null };
  return handle ? handle.bytesWritten - handle.writeQueueSize : undefined;
}

/** Bytes that wait for it. */
export function unsentOf(socket: Socket): number | undefined {
  const taken = takenOf(socket);
  return taken === undefined ? undefined : socket.bytesWritten - taken;
}
