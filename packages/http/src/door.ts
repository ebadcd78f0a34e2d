// The way in: the edge where there is epoll, and node:http for what isn't plain; elsewhere node:http alone.
import type { LineSink } from './access.ts';
import { createBlockingWatch } from './blocking.ts';
import type { DevHooks } from './dev.ts';
import { createEdge } from './edge/edge.ts';
import type { ExchangeOptions } from './exchange.ts';
import { heldBytes } from './held.ts';
import { createNodeDoor, type NodeDoor } from './node-door.ts';

/** Milliseconds. */
export interface Limits {
  /** For a request's head to arrive. */
  header: number;
  /** For the next request on a kept-alive connection. */
  idle: number;
  /** A client that leaves its response unread. */
  send: number;
}

export interface DoorOptions extends Omit<ExchangeOptions, 'onInline'> {
  limits: Limits;
  /** Connections beyond it wait until others are closed. */
  maxConnections: number;
  /** Whose Forwarded and X-Forwarded-* are believed: numeric addresses and networks (CIDR). */
  trusted: readonly string[];
  /** Takes a line for each request that was answered, or whose client went while it was being answered. */
  log: LineSink;
  /** Of `flexilib dev`: looks at every exchange. */
  dev?: DevHooks | undefined;
}

export interface Door {
  /** Accepts from listening sockets, whose descriptors are the door's from here on. */
  listen(listeners: readonly number[]): void;
  /**
   * Leaves the sockets to other processes: stops accepting, and each connection's next answer is its last. Settles when
   * no connection is left; those that are silent stay until close.
   */
  leave(): Promise<void>;
  /** Stops accepting, lets requests in flight finish, and cuts what is left after the grace (milliseconds). */
  close(grace: number): Promise<void>;
  /** Gives back memory that is kept for the next burst of requests. */
  trim(): void;
}

/** What can be seen of a door from behind. */
export interface EdgeDoor extends Door {
  /** Requests that the edge has answered, and connections that it has handed over. */
  readonly stats: { requests: number; handedOver: number };
  /** Bytes of requests, and of answers that were not taken, that are held now. */
  readonly held: number;
}

/** The door of this platform. */
export function createDoor(options: DoorOptions): Door {
  return process.platform === 'linux' && !options.dev ? createEdgeDoor(options) : createNodeDoor(options);
}

/** Throws FL_RUNTIME. Linux. */
export function createEdgeDoor(options: DoorOptions): EdgeDoor {
  // Made when it is needed: node:http costs a megabyte.
  let node: NodeDoor | null = null;
  let leaving = false;
  const { limits, body } = options;
  const onInline = createBlockingWatch(options.onFault); // one for both doors: nobody is named twice
  const edge = createEdge({
    ...options,
    limits: { ...limits, body: body.timeout },
    maxBody: body.max,
    onInline,
    handOver(fd, peer, bytes, found) {
      if (!node) {
        node = createNodeDoor(options, onInline, () => edge.makeRoom());
        if (leaving) void node.leave(); // each answer is its connection's last
      }
      node.adopt(fd, peer, bytes, found);
    },
    elsewhere: () => node?.size ?? 0,
  });

  return {
    stats: edge.stats,
    trim: edge.trim,
    get held() {
      return edge.held + heldBytes();
    },
    listen: edge.listen,
    async leave() {
      leaving = true;
      const nodeLeft = node?.leave();
      await edge.leave();
      await nodeLeft;
      await node?.leave(); // the edge may have handed over until its end
    },
    async close(grace) {
      leaving = true;
      const timer = setTimeout(edge.cut, grace);
      const begun = performance.now();
      const nodeClosed = node?.close(grace);
      await edge.close();
      clearTimeout(timer);
      await nodeClosed;
      // The edge may have handed over until its end.
      await node?.close(Math.max(0, grace - (performance.now() - begun)));
    },
  };
}
