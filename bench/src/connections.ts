// Idle connections: opened, each asked once so that the server has really accepted it, then held.
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';

const AT_ONCE = 200;
/** What a process needs beside them. */
const OTHER_DESCRIPTORS = 500;

/** As many of `wanted` as the limit on descriptors lets one process have. */
export function possible(wanted: number): number {
  const limit = /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return limit ? Math.min(wanted, Number(limit) - OTHER_DESCRIPTORS) : wanted;
}

function open(port: number, target: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`),
    );
    socket.setTimeout(10_000, () => socket.destroy());
    socket.once('data', (bytes) => {
      socket.setTimeout(0);
      const good = bytes.toString('latin1', 9, 12) === '200';
      if (!good) socket.destroy();
      resolve(good ? socket : undefined);
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(undefined));
  });
}

export interface Held {
  /** How many were answered and are still open. */
  count(): number;
  close(): void;
}

export async function hold(port: number, wanted: number, target = '/x'): Promise<Held> {
  const sockets: Socket[] = [];
  let left = wanted;
  const openSome = async () => {
    while (left-- > 0) {
      const socket = await open(port, target);
      if (socket) sockets.push(socket);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  return {
    count: () => sockets.filter((socket) => !socket.destroyed).length,
    close() {
      for (const socket of sockets) socket.resetAndDestroy(); // no TIME_WAIT: ports are few
    },
  };
}
