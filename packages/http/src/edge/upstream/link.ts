import { type Backend, type Chunked, Framing, type ResponseHead } from '@flexilib/proxy';
import type { Connection } from '../connection.ts';
import { Timed } from '../wheel.ts';

/** What a connection to an upstream waits for. */
export const LinkPhase = {
  /** The upstream to take it. */
  connect: 0,
  /** The head of an answer. */
  head: 1,
  /** The rest of a body. */
  body: 2,
  /** A request. */
  idle: 3,
} as const;

/** A connection to an upstream, and the answer that it is at. Offsets are into the slabs' bytes. */
export class Link extends Timed implements ResponseHead, Chunked {
  /** Never used: when a class has no object left, V8 throws away the code that was compiled for it. */
  static mould: Link | null = null;

  /** -1 when it is closed. */
  fd: number;
  readonly backend: Backend;
  /** Numeric, or the path of a Unix socket. */
  readonly address: string;
  /** The idle ones of its backend, the one used last at the end. */
  readonly idle: Link[];
  phase: number = LinkPhase.connect;
  /** It has served before: the upstream may have closed it at any moment. */
  used = false;
  /** Bytes of the request were sent. */
  spoken = false;
  /** Nothing could be sent yet. */
  unsent = false;
  /** What of the request the kernel didn't take; null: nothing. */
  rest: Buffer | null = null;
  /** Whose request it has. */
  client: Connection | null = null;

  readable = false;
  writable = false;
  ending = false;
  gone = false;
  /** It is in the queue of those that have something to do. */
  queued = false;

  /** What there is of a head: from..to in this slab; -1: nothing. */
  slab = -1;
  from = 0;
  to = 0;
  /** Interim answers so far. */
  interims = 0;

  // ResponseHead
  status = 0;
  lineEnd = 0;
  contentStart = 0;
  framing: number = Framing.none;
  /** Once there is a body: what is left of it. */
  contentLength = 0;
  keep = false;
  keepFor = -1;
  hasDate = false;

  // Chunked
  expects = 0;
  digits = 0;
  left = 0;
  overhead = 0;
  data = 0;

  constructor(fd: number, backend: Backend, address: string, idle: Link[]) {
    super();
    this.fd = fd;
    this.backend = backend;
    this.address = address;
    this.idle = idle;
  }
}
