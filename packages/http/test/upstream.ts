// An upstream that says exactly what it is told, byte by byte, and keeps what it was told.
import { Buffer } from 'node:buffer';
import { createServer, type Socket } from 'node:net';

/** A request as it came. */
export interface Asked {
  /** All of it as Latin-1: head, body, trailer. */
  readonly raw: string;
  readonly method: string;
  readonly target: string;
  /** As received, in order. */
  readonly fields: [name: string, value: string][];
  /** The body, out of its chunks. */
  readonly body: Buffer;
  /** Which connection it came on, from 0. */
  readonly connection: number;
}

export interface Upstream {
  readonly port: number;
  /** «http://127.0.0.1:40000» */
  readonly url: string;
  /** Those that came whole. */
  readonly requests: Asked[];
  /** All that were ever made. */
  readonly connections: Socket[];
  /** Called with each whole request. Text goes out as Latin-1. */
  onRequest: (socket: Socket, asked: Asked) => void;
  /**
   * Instead of onRequest: called with a head, what was read after it, and the socket, which is its own from there on: no
   * other request may come on it, so it says `Connection: close`.
   */
  onHead: ((socket: Socket, head: string, rest: Buffer) => void) | null;
  close(): Promise<void>;
}

export const answerOf = (body: string, ...fields: string[]): string =>
  `${['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields].join('\r\n')}\r\n\r\n${body}`;

/** port: 0 is any. */
export async function startUpstream(port = 0): Promise<Upstream> {
  const server = createServer({ allowHalfOpen: true, noDelay: true });
  const upstream: Upstream = {
    port: 0,
    url: '',
    requests: [],
    connections: [],
    onRequest: (socket) => void socket.write(answerOf('hello')),
    onHead: null,
    async close() {
      for (const socket of upstream.connections) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  server.on('connection', (socket) => {
    const connection = upstream.connections.push(socket) - 1;
    let received: Buffer = Buffer.alloc(0);
    const onData = (piece: Buffer): void => {
      received = Buffer.concat([received, piece]);
      const end = received.indexOf('\r\n\r\n');
      if (upstream.onHead && end >= 0) {
        socket.off('data', onData);
        upstream.onHead(socket, received.toString('latin1', 0, end + 4), received.subarray(end + 4));
        return;
      }
      for (let taken = parse(received, connection); taken; taken = parse(received, connection)) {
        received = received.subarray(taken.length);
        upstream.requests.push(taken.asked);
        upstream.onRequest(socket, taken.asked);
      }
    };
    socket.on('error', () => {}).on('data', onData);
    socket.on('end', () => {
      if (!upstream.onHead) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return Object.assign(upstream, { port: address.port, url: `http://127.0.0.1:${address.port}` });
}

/** The first request of these bytes, if it is whole. */
export function parse(bytes: Buffer, connection: number): { length: number; asked: Asked } | null {
  const end = bytes.indexOf('\r\n\r\n') + 4;
  if (end < 4) return null;
  const [line, ...lines] = bytes.toString('latin1', 0, end - 4).split('\r\n');
  const [method, target] = line.split(' ');
  const fields = lines.map((field): [string, string] => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()];
  });
  const values = (name: string) => fields.filter(([other]) => other.toLowerCase() === name);
  const [length, ...more] = values('content-length');
  const coded = values('transfer-encoding').length > 0;
  if (more.length > 0 || (length && coded)) throw new Error(`ambiguous: ${JSON.stringify(lines)}`);
  const done = (body: Buffer, to: number) => ({
    length: to,
    asked: { raw: bytes.toString('latin1', 0, to), method, target, fields, body, connection },
  });
  if (!coded) {
    const to = end + Number(length?.[1] ?? 0);
    return bytes.length < to ? null : done(bytes.subarray(end, to), to);
  }
  const chunks: Buffer[] = [];
  for (let at = end; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    if (size === 0) {
      const trailerEnd = bytes.indexOf('\r\n\r\n', lineEnd);
      return trailerEnd < 0 ? null : done(Buffer.concat(chunks), trailerEnd + 4);
    }
    at = lineEnd + 2 + size + 2;
    if (bytes.length < at) return null;
    chunks.push(bytes.subarray(lineEnd + 2, at - 2));
  }
}
