// node:http as a door: complete HTTP/1.1, the home of everything that isn't plain.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { monotonicNow } from '@flexilib/native';
import type { AccessRecord } from './access.ts';
import { hasBody } from './body.ts';
import { type Connection, createConnection } from './connection.ts';
import { createExchange, type ExchangeOptions, type Result } from './exchange.ts';
import { ownReply, replyBytes } from './reply.ts';
import { send } from './send.ts';

/** Milliseconds. */
export interface Limits {
  header: number;
  idle: number;
  /** A client that leaves its response unread. */
  send: number;
}

export interface DoorOptions extends ExchangeOptions {
  limits: Limits;
  onAccess(record: AccessRecord): void;
}

export interface Door {
  /** Binds and accepts; rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo>;
  /** Stops accepting, lets requests in flight finish, and cuts what is left after the grace (milliseconds). */
  close(grace: number): Promise<void>;
}

/** Above our own limits (validate.ts), so that we say which one was broken. */
const PARSER_HEADER_MAX = 64 << 10;
/** A body up to this size that nobody wants is read and dropped; a larger one costs the connection. */
const DISCARD_MAX = 64 << 10;

export function createDoor(options: DoorOptions): Door {
  const exchange = createExchange(options);
  const connections = new Map<Socket, Connection>();
  let closing = false;

  const server = createServer({
    maxHeaderSize: PARSER_HEADER_MAX,
    headersTimeout: options.limits.header,
    requestTimeout: 0, // bodies have their own (body.ts)
    keepAliveTimeout: options.limits.idle,
    connectionsCheckingInterval: Math.min(1000, options.limits.header),
    requireHostHeader: false, // validate.ts does it, and answers in our words
    noDelay: true,
  });
  server.maxHeadersCount = 0; // no silent truncation: validate.ts counts

  server.on('connection', (socket: Socket) => {
    connections.set(socket, createConnection(socket));
    socket.once('close', () => connections.delete(socket));
  });
  server.on('request', (req, res) => enqueue(req, res, false));
  server.on('checkContinue', (req, res) => enqueue(req, res, true));
  server.on('checkExpectation', (req, res) => refuse(req, res, 417));
  server.on('connect', (_req, socket) => refuseSocket(socket as Socket, 400));
  server.on('clientError', onClientError);

  function enqueue(req: IncomingMessage, res: ServerResponse, expectsContinue: boolean): void {
    const begun = monotonicNow();
    take(req, res, begun, () => exchange(req, res, expectsContinue));
  }

  function refuse(req: IncomingMessage, res: ServerResponse, status: number): void {
    const begun = monotonicNow();
    const reply = ownReply(status, req.method === 'HEAD');
    take(req, res, begun, async () => ({ reply, decided: begun, preAlloc: 0, alloc: 0, close: true }));
  }

  function take(
    req: IncomingMessage,
    res: ServerResponse,
    begun: number,
    decide: () => Promise<Result>,
  ): void {
    const { socket } = req;
    const { remoteAddress = '-', remotePort = 0 } = socket;
    connections.get(socket)?.turn(async () => {
      if (socket.destroyed) return;
      const result = await decide();
      const gone = result.reply === null || socket.destroyed;
      if (!gone) socket.setTimeout(options.limits.send);
      const sent = !gone && (await send(req, res, result.reply!, closing || result.close || isCostly(req)));
      options.onAccess({
        remoteAddress,
        remotePort,
        requestLine: `${req.method} ${req.url} HTTP/${req.httpVersion}`,
        status: sent ? result.reply!.status : 499, // nginx's number for a client that went first
        ttfb: Math.max(0, result.decided - begun),
        bytes: sent ? result.reply!.body.length : 0,
        ttlb: monotonicNow() - begun,
        preAlloc: result.preAlloc,
        alloc: result.alloc,
      });
      if (gone) socket.destroy();
    });
  }

  function onClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    refuseSocket(socket, statusOf(error));
  }

  /** Answers what node:http could not parse, after the answers that are still to come. */
  function refuseSocket(socket: Socket, status: number): void {
    const connection = connections.get(socket);
    if (!connection?.fail()) return;
    const { remoteAddress = '-', remotePort = 0 } = socket;
    const begun = monotonicNow();
    connection.turn(async () => {
      if (socket.destroyed) return;
      const reply = ownReply(status, false);
      await new Promise<void>((resolve) => socket.end(replyBytes(reply), resolve));
      socket.resume();
      setTimeout(() => socket.destroy(), 1000).unref();
      const ttlb = monotonicNow() - begun;
      const bytes = reply.body.length;
      options.onAccess({
        remoteAddress,
        remotePort,
        requestLine: null,
        status,
        ttfb: 0,
        bytes,
        ttlb,
        preAlloc: 0,
        alloc: 0,
      });
    });
  }

  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, host }, () => {
          server.off('error', reject);
          resolve(server.address() as AddressInfo);
        });
      }),
    close: (grace) =>
      new Promise((resolve) => {
        closing = true;
        const timer = setTimeout(() => server.closeAllConnections(), grace);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
        // node:http counts a connection that has not sent anything yet as busy.
        for (const [socket, { depth }] of connections)
          if (depth === 0 && socket.bytesRead === 0) socket.destroy();
      }),
  };
}

/** Its body was left unread, and is too long to read only to drop it. */
function isCostly(req: IncomingMessage): boolean {
  return !req.complete && hasBody(req) && !(Number(req.headers['content-length']) <= DISCARD_MAX);
}

function statusOf(error: NodeJS.ErrnoException & { rawPacket?: Buffer }): number {
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  if (error.code !== 'HPE_HEADER_OVERFLOW') return 400;
  // Still in the request line: it was the target that grew too long.
  const packet = error.rawPacket?.toString('latin1') ?? '';
  return /^[A-Z]+ [^\r\n]*$/.test(packet) ? 414 : 431;
}
