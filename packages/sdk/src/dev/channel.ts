// The tool's end of the talk with the processes that serve. They come and go; each hears the state first.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoder, encode, type FromServer, type ToServer } from './protocol.ts';

export interface Channel {
  /** Where they connect. */
  readonly path: string;
  send(message: ToServer): void;
  close(): void;
}

/** hello: what a process hears when it comes. */
export async function openChannel(
  hello: () => ToServer,
  onMessage: (message: FromServer) => void,
): Promise<Channel> {
  const folder = mkdtempSync(join(tmpdir(), 'flexilib-dev-')); // 0700: nobody else is let in
  const path = join(folder, 'socket');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on('data', decoder(onMessage));
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    socket.write(encode(hello()));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);
  return {
    path,
    send(message) {
      for (const socket of sockets) socket.write(encode(message));
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      remove();
    },
  };
}
