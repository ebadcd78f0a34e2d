// An upstream that does to a request what it likes, and says what it has seen.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** What becomes of a request; nth: of its connection, from 1. */
export type Behaviour = (socket: Socket, nth: number) => void;

export interface Liar {
  readonly port: number;
  /** Requests so far that were whole: their targets. */
  readonly seen: string[];
  /** From now on. null: it doesn't listen. */
  behave(how: Behaviour | null): Promise<void>;
  /** Closes its connections. */
  disconnect(): void;
  close(): Promise<void>;
}

export const answer = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nsteady';
export const good: Behaviour = (socket) => void socket.write(answer);

const BODY = 'content';

/** A request that it can tell the end of: a GET, or a POST of that one body. odd: one that the edge leaves to node:http. */
export function requestOf(method: string, target: string, odd: boolean): string {
  const lines = [`${method} ${target} HTTP/1.1`, 'Host: test', 'Connection: close'];
  if (odd) lines.push('X-Odd: a\tb');
  if (method === 'POST') lines.push(`Content-Length: ${BODY.length}`);
  return `${lines.join('\r\n')}\r\n\r\n${method === 'POST' ? BODY : ''}`;
}

/** At first it is good. */
export async function startLiar(): Promise<Liar> {
  const sockets = new Set<Socket>();
  const seen: string[] = [];
  let behaviour: Behaviour = good;
  const serve = (socket: Socket) => {
    let received = '';
    let nth = 0;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.on('data', (data) => {
      received += data.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n') + 4;
        if (end < 4) return;
        const length = received.startsWith('POST ') ? BODY.length : 0;
        if (received.length < end + length) return;
        seen.push(received.split(' ', 2)[1]);
        received = received.slice(end + length);
        nth += 1;
        behaviour(socket, nth);
      }
    });
  };
  const server = createServer({ noDelay: true }, serve);
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  await listen(0);
  const { port } = server.address() as { port: number };
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      disconnect();
    });
  return {
    port,
    seen,
    async behave(how) {
      if (how) behaviour = how;
      if (!how && server.listening) await close();
      else if (how && !server.listening) await listen(port);
    },
    disconnect,
    close: async () => {
      if (server.listening) await close();
    },
  };
}
