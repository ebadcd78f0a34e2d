// A connection that speaks another protocol after a 101: bytes in both directions until both sides have ended.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type Backend, responseFields, soundReason } from '@flexilib/proxy';
import type { Connection } from '../connection.ts';
import type { Relay } from '../result.ts';
import type { Passage } from './passage.ts';

/** More than these bytes before the upstream has agreed wait in the kernel. */
const EARLY_MAX = 64 << 10;

/** Longest silence of a side when the other one has ended: it has nobody to wait for. */
const HALF_CLOSED_MS = 10_000;

/** HTTP itself, over TLS too: requests that would follow then would be seen by no rule. Ignored (RFC 9110, 7.8). */
const HTTP = /^(?:h2c?|https?|tls)(?:\/|$)/i;

/** Whether a request asks for any other protocol. */
export function asksUpgrade({ headers }: IncomingMessage): boolean {
  // llhttp takes proxy-connection for connection.
  const options = `${headers.connection},${headers['proxy-connection']}`;
  return headers.upgrade !== undefined && /(?:^|[,\s])upgrade(?:[,\s]|$)/i.test(options);
}

/** The protocols that a request asks for, as it names them, and that a connection may be given to; null: there are none. */
export function askedProtocol(req: IncomingMessage): string | null {
  if (!asksUpgrade(req)) return null;
  const asked = req.headers.upgrade!.split(',').map((protocol) => protocol.trim());
  return asked.filter((protocol) => protocol !== '' && !HTTP.test(protocol)).join(', ') || null;
}

/** Takes the connection from node:http: what the client sends comes here, before the upstream has agreed. */
export function listenEarly({ socket, detach }: Connection): Buffer[] {
  const early: Buffer[] = [];
  let length = 0;
  detach((piece) => {
    early.push(piece);
    length += piece.length;
    if (length > EARLY_MAX) socket.pause();
  });
  return early;
}

export interface SwitchOptions {
  /** The client's. */
  socket: Socket;
  /** What listenEarly gave. */
  early: Buffer[];
  passage: Passage;
  backend: Backend;
  /** The upstream's head, its socket, and what it has sent since. */
  head: IncomingMessage;
  upstream: Socket;
  first: Buffer;
}

/** Passes a 101 on, and then bytes; ends the backend and the passage. */
export function switchRelay(options: SwitchOptions): Relay {
  const { passage, backend } = options;
  return {
    async send() {
      const bytes = await tunnel(options);
      passage.group.end(backend, 'ok');
      passage.end();
      return { status: 101, bytes, isWhole: true };
    },
  };
}

/** Settles when the client's connection is closed, with the bytes that went to it after the head. */
function tunnel({ socket, early, passage, head, upstream, first }: SwitchOptions): Promise<number> {
  const { spec } = passage;
  const text = switchingHead(head, responseFields(spec, head.rawHeaders));
  const before = socket.bytesWritten + text.length;
  upstream.allowHalfOpen = true;
  upstream.setTimeout(0); // that of an idle connection
  upstream.setNoDelay(true);
  socket.setNoDelay(true);
  socket.removeAllListeners('data');
  socket.write(text, 'latin1');
  if (first.length > 0) socket.write(first);
  for (const piece of early) upstream.write(piece);
  socket.pipe(upstream);
  upstream.pipe(socket);
  // It sees what goes either way. node:http, or who else listens, destroys it then.
  const { idle_timeout } = spec.options;
  socket.setTimeout(idle_timeout);
  for (const side of [socket, upstream]) {
    // Its FIN was passed on, after everything that came before it.
    side.once('finish', () => socket.setTimeout(Math.min(idle_timeout, HALF_CLOSED_MS)));
  }
  return new Promise((resolve) => {
    upstream.once('close', () => {
      if (!upstream.readableEnded) socket.destroy();
    });
    const onClose = (): void => {
      upstream.destroy();
      resolve(Math.max(0, socket.bytesWritten - before));
    };
    if (upstream.destroyed) socket.destroy();
    if (socket.destroyed) onClose();
    else socket.once('close', onClose);
  });
}

/** The head of a 101. */
function switchingHead({ statusMessage = '', headers }: IncomingMessage, fields: string[]): string {
  let text = `HTTP/1.1 101 ${soundReason(statusMessage)}\r\n`;
  for (let i = 0; i < fields.length; i += 2) {
    if (!/^(?:content-length|transfer-encoding)$/i.test(fields[i]))
      text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  }
  return `${text}connection: upgrade\r\nupgrade: ${headers.upgrade}\r\n\r\n`;
}
