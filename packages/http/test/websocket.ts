// A WebSocket upstream (RFC 6455): it sends back what it gets.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';

export interface EchoServer {
  port: number;
  /** Those that were upgraded. */
  sockets: Socket[];
  close(): Promise<void>;
}

const accept = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

/** first: a text frame that it sends together with its 101. */
export async function startEcho(first?: string): Promise<EchoServer> {
  const sockets: Socket[] = [];
  const server = createServer((_req, res) => res.writeHead(426).end('upgrade\n'));
  server.on('upgrade', (req, socket: Socket, head: Buffer) => {
    sockets.push(socket);
    const fields = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept(req.headers['sec-websocket-key']!)}`,
    ];
    const [protocol] = req.headers['sec-websocket-protocol']?.split(',') ?? [];
    if (protocol) fields.push(`Sec-WebSocket-Protocol: ${protocol}`);
    const greeting = first === undefined ? Buffer.alloc(0) : frame(1, Buffer.from(first));
    socket.write(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${fields.join('\r\n')}\r\n\r\n`),
        greeting,
      ]),
    );
    let received: Buffer = head;
    socket
      .on('error', () => {})
      .on('data', (piece: Buffer) => {
        received = Buffer.concat([received, piece]);
        for (let parsed = parse(received); parsed; parsed = parse(received)) {
          received = received.subarray(parsed.length);
          if (parsed.opcode === 8) socket.end(frame(8, parsed.payload));
          else if (parsed.opcode === 9) socket.write(frame(10, parsed.payload));
          else socket.write(frame(parsed.opcode, parsed.payload));
        }
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as { port: number }).port,
    sockets,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An unmasked frame, whole. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, payload]);
}

/** The first frame of these bytes, which a client has masked. */
function parse(bytes: Buffer): { opcode: number; payload: Buffer; length: number } | null {
  if (bytes.length < 2) return null;
  let size = bytes[1] & 0x7f;
  let at = 2;
  if (size === 126) {
    if (bytes.length < 4) return null;
    size = bytes.readUInt16BE(2);
    at = 4;
  } else if (size === 127) {
    if (bytes.length < 10) return null;
    size = Number(bytes.readBigUInt64BE(2));
    at = 10;
  }
  const length = at + 4 + size;
  if (bytes.length < length) return null;
  const mask = bytes.subarray(at, at + 4);
  const payload = Buffer.from(bytes.subarray(at + 4, length));
  for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
  return { opcode: bytes[0] & 15, payload, length };
}
