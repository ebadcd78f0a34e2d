import type { Generation } from '@flexilib/loader';
import type { Call } from '@flexilib/native';
import type { ClientLines } from '@flexilib/proxy';
import type { LibraryRoute, ServedRoute } from '../routes.ts';
import type { RequestHead } from './parse.ts';
import type { Segment } from './unsent.ts';
import type { Exchange } from './upstream/exchange.ts';
import { Timed } from './wheel.ts';

/** What a connection waits for. */
export const Phase = {
  /** The next request; nothing of it is here. */
  idle: 0,
  /** The rest of a head. */
  head: 1,
  /** The rest of a body. */
  body: 2,
  /** A library to load, or an executor to return. */
  executor: 3,
  /** The client to take its answer. */
  client: 4,
  /** The client to close: the last answer was sent, and what comes is thrown away. */
  end: 5,
  /** Nothing yet: a request was just answered. */
  answered: 6,
  /** An upstream to answer, or a name to be resolved before. */
  upstream: 7,
} as const;

/** A connection of the edge, and the request that it is at. Offsets are into the slabs' bytes. */
export class Connection extends Timed implements RequestHead {
  /** Never used: when a class has no object left, V8 throws away the code that was compiled for it. */
  static mould: Connection | null = null;

  /** -1 when it is closed, or another object has taken the descriptor over. */
  fd: number;
  /** «127.0.0.1:59940» */
  readonly peer: string;
  phase: number = Phase.idle;
  /** It has had no answer yet: its first head was due from the start. */
  fresh = true;

  /** What was read and not yet answered: from..to in this slab; -1 without one. */
  slab = -1;
  from = 0;
  to = 0;
  /** Bytes of the slab that were written before what was read moved to its start. */
  filled = 0;
  /** No use in parsing before `to` is here. */
  wanted = 0;
  /** What is there is a whole head, and a part of its body. */
  headed = false;
  /** That body is for an upstream. */
  streams = false;
  /** The kernel may have more. */
  readable = true;
  /** The client is about to end its side, perhaps after bytes that are still unread. */
  ending = false;
  /** It has, and everything was read. */
  ended = false;
  /** The connection is broken. */
  gone = false;

  // RequestHead: of the request at `from`.
  methodLength = 0;
  targetStart = 0;
  targetLength = 0;
  fieldCount = 0;
  contentStart = 0;
  contentLength = 0;
  close = false;

  /** Its route, when it was looked for: another look may find a canary, or miss it. */
  found: ServedRoute | null = null;

  /** Monotonic milliseconds: the head was complete. */
  begun = 0;
  /** While the phase is executor. */
  call: Call | null = null;
  route: LibraryRoute | null = null;
  generation: Generation | null = null;
  /** Of one whose executor was given up: settles with what is told of it. */
  told: Promise<string> | null = null;

  /** While the phase is upstream, and kept for the next time. */
  exchange: Exchange | null = null;
  /** What upstreams are told of the client; made when there is one. */
  client: ClientLines | null = null;

  /** What the kernel didn't take yet, in order. */
  unsent: Segment[] | null = null;
  /** No answer follows the one that was given. */
  last = false;
  /** It is in the queue of those that have something to do. */
  queued = false;

  constructor(fd: number, peer: string) {
    super();
    this.fd = fd;
    this.peer = peer;
  }
}
