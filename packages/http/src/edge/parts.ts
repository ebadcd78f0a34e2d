import type { Runtime, Sockets } from '@flexilib/native';
import type { LineSink } from '../access.ts';
import type { RouteTable, ServedRoute } from '../routes.ts';
import type { Answers } from './answers.ts';
import type { Connection } from './connection.ts';
import type { Slabs } from './slabs.ts';
import type { Turns } from './turns.ts';
import type { Segment } from './unsent.ts';
import type { Link } from './upstream/link.ts';
import type { Wheel } from './wheel.ts';

/** What the parts of the edge share. */
export interface Parts {
  readonly runtime: Runtime;
  routes(): RouteTable;
  readonly sockets: Sockets;
  readonly slabs: Slabs;
  readonly answers: Answers;
  readonly wheel: Wheel;
  readonly turns: Turns<Connection | Link>;
  readonly log: LineSink;
  readonly limits: EdgeLimits;
  readonly stats: EdgeStats;
  /** By descriptor. */
  readonly connections: Map<number, Connection>;
  onFault(path: string, text: string): void;
  /**
   * Takes a connection over: its descriptor, «address:port» of its client, what was read of it, and the route of its
   * request, when it was looked for.
   */
  handOver(fd: number, peer: string, bytes: Buffer, found: ServedRoute | null): void;
  /** A connection has left the map. */
  onLeft(): void;
  /** Its memory isn't needed any more. */
  release(segment: Segment): void;
  /** Whether the word of a client with this address about others counts. */
  trusts(address: string): boolean;
  /** A connection that waits for an upstream has gone: gives the request up there too. */
  abort(connection: Connection): void;
}

/** Milliseconds. */
export interface EdgeLimits {
  /** For a request's head to arrive. */
  header: number;
  /** Longest silence in a body. */
  body: number;
  /** For the next request on a kept-alive connection. */
  idle: number;
  /** A client that leaves its response unread. */
  send: number;
}

export interface EdgeStats {
  /** Requests that were answered. */
  requests: number;
  /** Connections that were handed over. */
  handedOver: number;
}
