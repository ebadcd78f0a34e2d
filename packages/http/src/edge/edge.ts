// The edge: plain HTTP/1.1 on an epoll set of its own, nested in Node's event loop. What isn't plain leaves, socket and
// bytes, for node:http.
import { createSockets, Event, monotonicNow, type Poll, pollReadable, type Runtime } from '@flexilib/native';
import { createTrust } from '@flexilib/proxy';
import type { LineSink } from '../access.ts';
import type { BlockingWatch } from '../blocking.ts';
import type { RouteTable, ServedRoute } from '../routes.ts';
import { createAcceptor } from './accept.ts';
import { createAnswers } from './answers.ts';
import { Connection, Phase } from './connection.ts';
import { createDeadlines } from './deadlines.ts';
import { createExecute } from './execute.ts';
import { destroy } from './leave.ts';
import { CONTENT_MAX } from './parse.ts';
import type { EdgeLimits, EdgeStats, Parts } from './parts.ts';
import { createServe } from './serve.ts';
import { createSlabs, SLAB_SIZE } from './slabs.ts';
import { createTurns } from './turns.ts';
import { Link } from './upstream/link.ts';
import { createRelay } from './upstream/relay.ts';
import { createWheel } from './wheel.ts';

/** With fewer events than this the set is empty, most likely. */
const FEW = 8;
/** How often the set is asked again in one turn. */
const ROUNDS = 4;
/** Slabs beyond those that calls can hold, and all of them. */
const SPARE_SLABS = 256;
const SLABS_MAX = 4096;

export interface EdgeOptions {
  runtime: Runtime;
  routes(): RouteTable;
  limits: EdgeLimits;
  /** Bytes; what is larger is handed over. */
  maxBody: number;
  /** Calls that may wait for a thread. */
  maxQueue: number;
  /** Further connections wait in the kernel. */
  maxConnections: number;
  log: LineSink;
  /** Networks whose word about clients counts. */
  trusted: readonly string[];
  onInline: BlockingWatch;
  onFault(path: string, text: string): void;
  /**
   * Takes a connection over: its descriptor, «address:port» of its client, what was read of it, and the route of its
   * request, when it was looked for.
   */
  handOver(fd: number, peer: string, bytes: Buffer, found: ServedRoute | null): void;
  /** Connections that were handed over and are open. */
  elsewhere(): number;
}

/** Main thread only. */
export interface Edge {
  /** Accepts from listening sockets, whose descriptors are the edge's from here on. */
  listen(listeners: readonly number[]): void;
  /** Stops accepting; each connection's next answer is its last. Settles when none is left. */
  leave(): Promise<void>;
  /** The same, and connections without a request don't wait for one. */
  close(): Promise<void>;
  /** Closes all connections. */
  cut(): void;
  /** A connection elsewhere was closed: there may be room for another. */
  makeRoom(): void;
  /** Gives back the memory that requests have left. */
  trim(): void;
  readonly stats: EdgeStats;
  /** Bytes of the buffers that requests are in. */
  readonly held: number;
}

/** Throws FL_RUNTIME. Its buffers are the process's for good: a late executor may still read in them. */
export function createEdge(options: EdgeOptions): Edge {
  const { runtime, log, onFault } = options;
  const sockets = createSockets();
  const slabCount = Math.min(runtime.threads + options.maxQueue + SPARE_SLABS, SLABS_MAX);
  const slabs = createSlabs(sockets.area(slabCount * SLAB_SIZE), slabCount);
  const answers = createAnswers(sockets, slabs.bytes, log);
  const connections = new Map<number, Connection>();
  const wheel = createWheel(monotonicNow, (timed) => {
    if (timed instanceof Link) protectLink(relay.expire, timed);
    else protect(onDeadline, timed as Connection);
  });
  const turns = createTurns<Connection | Link>(
    (guest) => (guest instanceof Link ? protectLink(relay.advance, guest) : protect(serve.advance, guest)),
    wheel.touch,
  );
  let poll: Poll | null = null;
  let closing = false; // no connection has more than one answer
  let ending = false; // and none waits for a request
  let onClosed!: () => void;
  const closed = new Promise<void>((resolve) => {
    onClosed = resolve;
  }).then(() => {
    poll?.close();
    wheel.close();
    sockets.close(sockets.fd);
  });

  const parts: Parts = {
    ...options,
    sockets,
    slabs,
    answers,
    wheel,
    turns,
    connections,
    stats: { requests: 0, handedOver: 0 },
    trusts: createTrust(options.trusted),
    release({ call, slab }) {
      if (call) runtime.releaseCall(call);
      if (slab >= 0) slabs.give(slab, SLAB_SIZE);
    },
    abort: (connection) => relay.abort(connection),
    onLeft() {
      if (!closing) acceptor.resume();
      else if (connections.size === 0) onClosed();
    },
  };
  function isLast(connection: Connection): boolean {
    const { phase } = connection;
    if ((phase === Phase.executor || phase === Phase.upstream) && connection.ending)
      serve.lookForEnd(connection);
    return (
      closing || (connection.ended && connection.contentStart + connection.contentLength === connection.to)
    );
  }

  const execute = createExecute({
    ...options,
    slabs,
    answers,
    wheel,
    isLast,
    onReturned: (connection) => serve.onAnswer(connection),
    onError,
  });
  const contentMax = Math.min(CONTENT_MAX, options.maxBody);
  const relay = createRelay(parts, execute, {
    isLast,
    onAnswer: (connection) => serve.onAnswer(connection),
    onError,
  });
  const serve = createServe(parts, execute, relay, contentMax, () => ending);
  const onDeadline = createDeadlines(parts, execute, serve, relay);
  const acceptor = createAcceptor({
    sockets,
    hasRoom: () => connections.size + options.elsewhere() < options.maxConnections,
    onConnection(fd, peer) {
      const connection = new Connection(fd, peer);
      connections.set(fd, connection);
      wheel.set(connection, options.limits.header);
    },
    onTrouble: (text) => onFault('http', text),
  });

  function protect(step: (connection: Connection) => void, connection: Connection): void {
    try {
      step(connection);
    } catch (error) {
      onError(connection, error);
    }
  }

  function protectLink(step: (link: Link) => void, link: Link): void {
    try {
      step(link);
    } catch (error) {
      relay.cut(link);
      onFault('http', String((error as Error)?.stack ?? error));
    }
  }

  /** The server itself has failed: that costs one connection. */
  function onError(connection: Connection, error: unknown): void {
    answers.discard();
    if (connection.fd >= 0) destroy(parts, connection);
    onFault('http', String((error as Error)?.stack ?? error));
  }

  function onReady(): void {
    const now = monotonicNow();
    wheel.touch(now);
    turns.begin(now);
    for (let round = 0; round < ROUNDS; round++) {
      const count = sockets.poll();
      for (let i = 0; i < count; i++) onEvent(sockets.events[2 * i], sockets.events[2 * i + 1]);
      if (!turns.run() || count < FEW) return;
    }
  }

  function onEvent(fd: number, events: number): void {
    const connection = connections.get(fd);
    if (connection === undefined) {
      const link = relay.links.get(fd);
      if (link !== undefined) onLinkEvent(link, events);
      else if (acceptor.has(fd)) acceptor.accept(fd);
      return;
    }
    // Without branches that V8 has never seen taken when it compiles this: the first one taken would be slow for all.
    connection.readable ||= (events & (Event.in | Event.readEnd)) !== 0;
    connection.ending ||= (events & Event.readEnd) !== 0;
    // Both sides have ended: after our own end there may be bytes to read before, and a close would reset (RFC 9112 9.6).
    const broken = connection.phase === Phase.end ? Event.error : Event.error | Event.hangUp;
    connection.gone ||= (events & broken) !== 0;
    turns.enqueue(connection);
  }

  function onLinkEvent(link: Link, events: number): void {
    const gone = (events & (Event.error | Event.hangUp)) !== 0;
    link.readable ||= gone || (events & (Event.in | Event.readEnd)) !== 0;
    link.ending ||= gone || (events & Event.readEnd) !== 0;
    link.gone ||= gone;
    link.writable ||= (events & Event.out) !== 0;
    turns.enqueue(link);
  }

  return {
    stats: parts.stats,
    get held() {
      return slabs.taken * SLAB_SIZE;
    },
    listen(listeners) {
      acceptor.listen(listeners);
      poll = pollReadable(sockets.fd, onReady);
    },
    leave() {
      closing = true;
      relay.close();
      acceptor.leave();
      if (connections.size === 0) onClosed();
      return closed;
    },
    close() {
      closing = true;
      ending = true;
      relay.close();
      acceptor.close();
      for (const connection of connections.values()) {
        if (connection.phase !== Phase.idle) continue;
        // A request may have arrived that nobody has read yet; without one it is closed.
        connection.phase = Phase.answered;
        connection.readable = true;
        turns.defer(connection);
      }
      if (connections.size === 0) onClosed();
      return closed;
    },
    cut() {
      for (const connection of connections.values()) destroy(parts, connection);
    },
    makeRoom: acceptor.resume,
    trim() {
      Connection.mould = new Connection(-1, '');
      relay.trim();
      slabs.trim();
    },
  };
}
