// Bytes that an upstream sends after its answer: node:http’s client lets some of them pass (20.20 more than 24.21), and
// what follows them would be taken for the answer to the next request, which is another client's.
import type { Socket } from 'node:net';

/** Of lib/_http_common.js; what is called when a message begins is under the number that its constructor has. */
interface Parser {
  [callback: number]: unknown;
  constructor: { kOnMessageBegin: number };
}

type HttpSocket = Socket & { parser?: Parser | null };

/** Cuts the connection when something comes while no request is on it. Once for each, with its first request. */
export function watchIdle(socket: HttpSocket): void {
  // Before node:http's own, which lets the parser go when the answer is whole.
  socket.prependListener('data', watch);
}

/** Ends that: the connection speaks another protocol. */
export function unwatchIdle(socket: Socket): void {
  socket.off('data', watch);
}

function watch(this: HttpSocket): void {
  if (this.parser === null) this.destroy();
}

/** Cuts the connection when another message begins after the answer, which stays whole. For each request. */
export function watchAnswer(socket: HttpSocket, isAnswered: () => boolean): void {
  const { parser } = socket;
  if (!parser) return;
  parser[parser.constructor.kOnMessageBegin] = () => {
    if (isAnswered()) socket.destroy();
  };
}
