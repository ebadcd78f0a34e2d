// The tool's end of the talk with the processes that serve. They come and go: each hears the state first, then what is
// still to be answered.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoder, encode, type FromServer, type ToServer } from './protocol.ts';

/** sun_path has 108 bytes (unix(7)). */
const FOLDER_MAX = 80;
const PREFIX = 'flexilib-dev-';

export interface Channel {
  /** Where they connect. */
  readonly path: string;
  send(state: ToServer): void;
  /** Hands a library's new file over; gives the answers when all have given theirs, or are gone. One comes at least. */
  handOver(library: string): Promise<FromServer[]>;
  close(): void;
}

interface HandOver {
  message: ToServer;
  asked: Set<Socket>;
  answers: FromServer[];
  settle(answers: FromServer[]): void;
}

/** hello: what a process hears when it comes. onServed: what one says unasked; of several processes the first speaks for all. */
export async function openChannel(
  hello: () => ToServer,
  onServed: (message: FromServer) => void,
): Promise<Channel> {
  const parent = tmpdir().length > FOLDER_MAX ? '/tmp' : tmpdir();
  removeLeftovers(parent);
  const folder = mkdtempSync(join(parent, `${PREFIX}${process.pid}-`)); // 0700: nobody else is let in
  const path = join(folder, 'socket');
  const sockets = new Set<Socket>();
  const open = new Map<number, HandOver>();
  let count = 0;

  function settle(build: number): void {
    const handOver = open.get(build);
    if (!handOver || handOver.asked.size > 0 || handOver.answers.length === 0) return;
    open.delete(build);
    handOver.settle(handOver.answers);
  }

  function onMessage(socket: Socket, message: FromServer): void {
    const handOver = open.get(message.build);
    if (handOver?.asked.delete(socket)) handOver.answers.push(message);
    else if (message.build === 0 && socket === [...sockets][0]) onServed(message);
    settle(message.build);
  }

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.setEncoding('utf8').on(
      'data',
      decoder<FromServer>((message) => onMessage(socket, message)),
    );
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      for (const [build, { asked }] of open) if (asked.delete(socket)) settle(build);
    });
    socket.write(encode(hello()));
    for (const { message, asked } of open.values()) {
      asked.add(socket);
      socket.write(encode(message));
    }
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove);

  return {
    path,
    send(state) {
      for (const socket of sockets) socket.write(encode(state));
    },
    handOver(library) {
      count += 1;
      const message = { kind: 'built', library, build: count } as const;
      for (const socket of sockets) socket.write(encode(message));
      return new Promise((settle) => {
        open.set(message.build, { message, asked: new Set(sockets), answers: [], settle });
      });
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      remove();
    },
  };
}

/** Of tools that were killed. */
function removeLeftovers(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : 0;
    if (pid > 0 && !isAlive(pid)) rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
