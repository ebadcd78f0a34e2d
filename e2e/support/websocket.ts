// A WebSocket client that costs next to nothing, of which a test may have a thousand (RFC 6455).
import { connect, type Socket } from 'node:net';

const FIN_TEXT = 0x81;
/** Any key and any mask will do: what they are against isn't here. */
const KEY = 'AAAAAAAAAAAAAAAAAAAAAA==';
const ACCEPT = 'ICX+Yqv66kxgM0FcWaLWlFLwTAI='; // of that key
const MASK = Buffer.from([1, 2, 3, 4]);

export interface WebSocketClient {
  /** Sends the text, of up to 125 bytes of ASCII, and settles when the same comes back; rejects when the connection ends. */
  echo(text: string): Promise<void>;
  readonly closed: boolean;
  close(): void;
}

export async function openWebSocket(port: number, path: string): Promise<WebSocketClient> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const next = reader(socket);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
  );
  const head = await next((bytes) => {
    const end = bytes.indexOf('\r\n\r\n');
    return end < 0 ? Number.POSITIVE_INFINITY : end + 4;
  });
  const text = head.toString('latin1');
  if (
    !text.startsWith('HTTP/1.1 101 ') ||
    !text.toLowerCase().includes(`sec-websocket-accept: ${ACCEPT}`.toLowerCase())
  )
    throw new Error(`no upgrade: ${JSON.stringify(text)}`);
  return {
    async echo(message) {
      const payload = Buffer.from(message).map((byte, i) => byte ^ MASK[i % 4]);
      socket.write(Buffer.concat([Buffer.from([FIN_TEXT, 0x80 | payload.length]), MASK, payload]));
      const frame = await next((bytes) => (bytes.length >= 2 ? 2 + bytes[1] : Number.POSITIVE_INFINITY));
      const expected = Buffer.concat([Buffer.from([FIN_TEXT, message.length]), Buffer.from(message)]);
      if (!frame.equals(expected)) throw new Error(`${frame.toString('hex')} came back for ${message}`);
    },
    get closed() {
      return socket.destroyed;
    },
    close: () => socket.destroy(),
  };
}

/** Gives so many bytes of what has come as length says, once they have come. */
function reader(socket: Socket): (length: (bytes: Buffer) => number) => Promise<Buffer> {
  let received = Buffer.alloc(0);
  let wake = () => {};
  socket.on('data', (bytes: Buffer) => {
    received = Buffer.concat([received, bytes]);
    wake();
  });
  socket.on('error', () => {});
  socket.on('close', () => wake());
  return async (length) => {
    for (;;) {
      const wanted = length(received);
      if (received.length >= wanted) {
        const taken = received.subarray(0, wanted);
        received = received.subarray(wanted);
        return taken;
      }
      if (socket.destroyed)
        throw new Error(`the connection ended; so far: ${JSON.stringify(received.toString())}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
}
