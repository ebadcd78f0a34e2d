// A wire to look at: a relay between a proxy and what is behind it, which keeps the requests that pass.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Asked, parse } from './upstream.ts';

export interface Tap {
  readonly port: number;
  /** Those that have passed whole, in the order of their last bytes. */
  readonly requests: Asked[];
  /** What has passed of requests that weren't whole when their connection ended, and of those that are under way. */
  parts(): string[];
  /** Connections. */
  held(): number;
  /** Forgets them. */
  clear(): void;
  close(): void;
}

/**
 * to: the port behind it; null: nobody is there, it takes everything and says nothing. change: what becomes of a head, which
 * is passed on so, and kept so.
 */
export async function startTap(to: number | null, change = (head: string): string => head): Promise<Tap> {
  const requests: Asked[] = [];
  const rests = new Map<Socket, Buffer>();
  let ended: string[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    const behind =
      to === null ? null : connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    rests.set(socket, Buffer.alloc(0));
    let passed = 0; // of the rest, which is one request, or a part of it
    socket.on('data', (bytes: Buffer) => {
      let rest = Buffer.concat([rests.get(socket)!, bytes]);
      for (let more = true; more; ) {
        const end = rest.indexOf('\r\n\r\n') + 4;
        if (end < 4) break;
        if (passed === 0) {
          const head = Buffer.from(change(rest.toString('latin1', 0, end)), 'latin1');
          rest = Buffer.concat([head, rest.subarray(end)]);
        }
        const taken = parse(rest, 0);
        behind?.write(rest.subarray(passed, taken?.length));
        passed = taken ? 0 : rest.length;
        if (taken) requests.push(taken.asked);
        rest = rest.subarray(taken?.length ?? 0);
        more = taken !== null && rest.length > 0;
      }
      rests.set(socket, rest);
    });
    socket.on('end', () => (behind ?? socket).end()).on('error', () => {});
    socket.on('close', () => {
      const rest = rests.get(socket)!.toString('latin1');
      if (rest !== '') ended.push(rest);
      rests.delete(socket);
      behind?.destroy();
    });
    behind?.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end());
    behind?.on('error', () => {}).on('close', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    requests,
    parts: () => [
      ...ended,
      ...[...rests.values()].filter(({ length }) => length > 0).map((rest) => rest.toString('latin1')),
    ],
    held: () => rests.size,
    clear() {
      requests.length = 0;
      ended = [];
    },
    close() {
      server.close();
      for (const socket of rests.keys()) socket.destroy();
    },
  };
}
