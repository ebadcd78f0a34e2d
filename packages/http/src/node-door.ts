// node:http as a door: complete HTTP/1.1, the home of everything that isn't plain.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { monotonicNow } from '@flexilib/native';
import { logAccess } from './access.ts';
import { type BlockingWatch, createBlockingWatch } from './blocking.ts';
import { breakBody } from './body.ts';
import { type Connection, createConnection } from './connection.ts';
import { dressed } from './dev.ts';
import type { Door, DoorOptions } from './door.ts';
import { createExchange } from './exchange.ts';
import { hold, letGo } from './held.ts';
import { createNodeServer, stopAccepting, watchHeads } from './node-server.ts';
import { asksUpgrade } from './proxy/upgrade.ts';
import { type ClientError, statusOf } from './refusal.ts';
import { ownReply, type Reply } from './reply.ts';
import { ownResult, type Result, type Sent } from './result.ts';
import type { ServedRoute } from './routes.ts';
import { sendLastReply, sendReply } from './send.ts';

/** What node:http reads at a time. */
const READ_MAX = 64 << 10;

type Decide = (connection: Connection) => Promise<Result>;
/** Sends a reply so that the connection can go on. As sendReply. */
type Keep = (reply: Reply) => Promise<boolean>;

export interface NodeDoor extends Door {
  /**
   * Goes on with a connection: its descriptor, «address:port» of its client, what was read of it, and the route of its
   * first request, when it was looked for.
   */
  adopt(fd: number, peer: string, bytes: Buffer, found: ServedRoute | null): void;
  /** Open connections. */
  readonly size: number;
}

/** onClosed: a connection was closed. */
export function createNodeDoor(
  options: DoorOptions,
  onInline: BlockingWatch = createBlockingWatch(options.onFault),
  onClosed: () => void = () => {},
): NodeDoor {
  const { limits, log } = options;
  const served = createExchange({ ...options, onInline });
  const exchange = options.dev ? dressed(served, options.dev) : served;
  const connections = new Map<Socket, Connection>();
  const onError = (error: unknown) => options.onFault('http', String((error as Error)?.stack ?? error));
  const { Socket: NetSocket } = process.getBuiltinModule('node:net');
  let closing = false;
  let adopting = false;
  let onEmpty: (() => void)[] = [];

  const server = createNodeServer(limits);
  server.on('connection', (socket: Socket) => {
    if (!connections.has(socket)) add(socket, `${socket.remoteAddress}:${socket.remotePort}`, 0);
  });
  server.on('request', (req, res) => {
    if (!options.dev?.take(req, res)) take(req, res, (connection) => exchange(req, res, connection, false));
  });
  server.on('checkContinue', (req, res) =>
    take(req, res, (connection) => exchange(req, res, connection, true)),
  );
  server.on('checkExpectation', (req, res) => take(req, res, async () => ownResult(417, req, true)));
  server.on('connect', (req, socket) => onConnect(req, socket as Socket));
  server.on('clientError', onClientError);

  function add(socket: Socket, peer: string, given: number): Connection {
    const connection = createConnection({ socket, peer, given, onError });
    connections.set(socket, connection);
    socket.once('close', () => {
      connections.delete(socket);
      onClosed();
      if (connections.size > 0) return;
      for (const resolve of onEmpty) resolve();
      onEmpty = [];
    });
    return connection;
  }

  function take(req: IncomingMessage, res: ServerResponse, decide: Decide): void {
    const connection = connections.get(req.socket);
    if (!connection) return;
    connection.last = req;
    const keep =
      // node:http loses what follows a request for another protocol in the same packet (seen in 24.21), so nothing may.
      res.shouldKeepAlive && !asksUpgrade(req) ? (reply: Reply) => sendReply(req, res, reply) : null;
    answer(connection, requestLine(req), decide, keep);
  }

  /** keep: sends the reply so that the connection can go on; null: it can't. */
  function answer(
    connection: Connection,
    requestLine: string | null,
    decide: Decide,
    keep: Keep | null,
  ): void {
    const { socket, peer } = connection;
    const begun = monotonicNow();
    connection.turn(async () => {
      socket.setTimeout(0); // the one of the answer before
      const result = await decide(connection);
      const isEnd = socket.readableEnded && connection.depth === 1; // the client's, and nothing waits
      const last = !keep || result.close || closing || isEnd;
      const sent = await (result.relay?.send(last) ?? send(connection, result.reply, last ? null : keep));
      const { decided, preAlloc, alloc } = result;
      logAccess(log, {
        peer,
        requestLine,
        status: sent.status,
        ttfb: Math.max(0, decided - begun),
        bytes: sent.bytes,
        ttlb: monotonicNow() - begun,
        preAlloc,
        alloc,
      });
      if (sent.isWhole && (last || (closing && connection.depth === 1))) connection.end();
    });
  }

  /** A reply that is there as a whole; null: the client has gone. */
  async function send(connection: Connection, reply: Reply | null, keep: Keep | null): Promise<Sent> {
    const { socket } = connection;
    let isWhole = false;
    if (reply && !socket.destroyed) {
      connection.hold();
      socket.setTimeout(limits.send);
      hold(reply.body.length);
      isWhole = await (keep ? keep(reply) : sendLastReply(socket, reply));
      letGo(reply.body.length);
    }
    if (!isWhole) return { status: 499, bytes: 0, isWhole }; // nginx's number for a client that went first
    return { status: reply!.status, bytes: reply!.body.length, isWhole };
  }

  /** An answer to what is no request, after the answers that are still to come. */
  function refuse(connection: Connection, status: number, requestLine: string | null): void {
    const result = { reply: ownReply(status, false), preAlloc: 0, alloc: 0, close: true };
    answer(connection, requestLine, async () => ({ ...result, decided: monotonicNow() }), null);
  }

  function onClientError(error: ClientError, socket: Socket): void {
    const connection = connections.get(socket);
    const status = statusOf(error);
    if (!connection || status === 0) socket.destroy();
    else if (status === 408) onHeaderTimeout(connection);
    else fail(connection, status);
  }

  function fail(connection: Connection, status: number): void {
    if (!connection.fail()) return;
    const { last, depth } = connection;
    if (last === null || last.complete) refuse(connection, status, null);
    else if (depth > 0) breakBody(last, status);
    else connection.end(); // it was answered without its body
  }

  /** A head is late. While answers are due, its client may not have been read from: its time begins anew. */
  function onHeaderTimeout(connection: Connection): void {
    const { socket, last, depth } = connection;
    if (connection.bytesRead === 0) socket.destroy();
    else if (depth === 0) fail(connection, 408);
    else {
      const again = () => connection.last === last && !socket.destroyed && onHeaderTimeout(connection);
      setTimeout(again, limits.header).unref();
    }
  }

  /** node:http has let go of the socket. */
  function onConnect(req: IncomingMessage, socket: Socket): void {
    socket.on('error', () => {}).on('timeout', () => socket.destroy());
    const connection = connections.get(socket);
    if (connection?.fail()) refuse(connection, 400, requestLine(req));
  }

  return {
    listen: ([fd]) => void server.listen({ fd }), // node:http takes one
    async leave() {
      closing = true;
      stopAccepting(server);
      if (connections.size > 0) await new Promise<void>((resolve) => onEmpty.push(resolve));
    },
    async close(grace) {
      closing = true;
      const timer = setTimeout(() => {
        for (const socket of connections.keys()) socket.destroy();
      }, grace);
      // What waits in the kernel, connections and requests, comes first.
      for (let i = 0; i < 2; i++) await new Promise((resolve) => setImmediate(resolve));
      stopAccepting(server);
      for (const [socket, { idle }] of connections) if (idle) socket.destroy();
      if (connections.size > 0) await new Promise<void>((resolve) => onEmpty.push(resolve));
      server.close(); // ends its timer
      clearTimeout(timer);
    },
    trim() {},
    adopt(fd, peer, bytes, found) {
      if (!adopting) watchHeads(server);
      adopting = true;
      const socket = new NetSocket({ fd, readable: true, writable: true, allowHalfOpen: true });
      add(socket, peer, bytes.length).found = found;
      // In pieces no larger than those that it reads itself: refusal.ts counts on that.
      for (let end = bytes.length; end > 0; end -= end % READ_MAX || READ_MAX)
        socket.unshift(bytes.subarray(end - (end % READ_MAX || READ_MAX), end));
      server.emit('connection', socket);
    },
    get size() {
      return connections.size;
    },
  };
}

function requestLine(req: IncomingMessage): string {
  return `${req.method} ${req.url} HTTP/${req.httpVersion}`;
}
