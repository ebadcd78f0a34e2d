// From an upstream's connection to the client's: the head is edited where it is, the body goes on as it comes.
import { Errno, monotonicNow } from '@flexilib/native';
import {
  beginChunked,
  createNames,
  editResponse,
  Framing,
  isChunkedDone,
  type Names,
  parseResponse,
  passChunked,
  ResponseParsed,
} from '@flexilib/proxy';
import type { Connection } from '../connection.ts';
import { destroy } from '../leave.ts';
import type { Parts } from '../parts.ts';
import { SLAB_SIZE } from '../slabs.ts';
import { Delivered, deliver } from './deliver.ts';
import { timeLeft } from './exchange.ts';
import { type Link, LinkPhase } from './link.ts';
import { planOf } from './plan.ts';

/** Before what is read, for fields that are added to a head and the size of a chunk; it has less than both. */
const HEADROOM = 4096;
/** After it, for what ends a chunk or a body. */
const TAILROOM = 16;
/** Reads in a row; others have a turn then. */
const READS = 16;
/** Interim answers to one request (RFC 9110 15.2): more are no use to anybody. */
const INTERIMS_MAX = 16;
/** «00ffff» CRLF */
const SIZE_LINE = 8;

const NO_MEMORY = 'there is no memory for its answer';
const none: Names = createNames([]);
const nothing = new Uint8Array(0);

export interface Answer {
  /** Reads what there is of the answer to the link's request, and passes it on as far as the client takes it. */
  read(link: Link): void;
  /** Gives back the memory that it reads into. */
  trim(): void;
}

export interface AnswerHooks {
  isHead(connection: Connection): boolean;
  isLast(connection: Connection): boolean;
  /** The answer was read to its end. spoiled: the link can't be used again. */
  onEnd(link: Link, spoiled: boolean): void;
  /** The upstream broke it off, or what it sent is no answer; why: for the operator. */
  onBroken(link: Link, why: string, malformed: boolean): void;
}

export function createAnswer(parts: Parts, hooks: AnswerHooks): Answer {
  const { sockets, slabs, wheel, turns, limits } = parts;
  const { bytes } = slabs;
  let input = -1; // the slab that is read into, unless a link has one of its own

  /** The slab to read into; -1: there is none. */
  function slabFor(link: Link): number {
    if (link.slab >= 0) return link.slab;
    if (input < 0) input = slabs.take();
    return input;
  }

  function read(link: Link): void {
    for (let reads = 0; link.readable; reads++) {
      const connection = link.client;
      if (connection === null || connection.unsent !== null) return; // the client comes first
      if (reads === READS || (reads > 0 && turns.over)) {
        turns.defer(link);
        return;
      }
      const slab = slabFor(link);
      if (slab < 0) {
        hooks.onBroken(link, NO_MEMORY, false);
        return;
      }
      const at = link.slab >= 0 ? link.to : slab + HEADROOM;
      const room = slab + SLAB_SIZE - TAILROOM - at;
      const received = sockets.recv(link.fd, slabs.address + at, room);
      // Edge-triggered: less than there was room for means that there was no more (epoll(7)).
      if (received < room && !link.ending) link.readable = false;
      if (received <= 0) link.readable = false;
      if (received === Errno.again) return;
      if (received <= 0) onEnd(link, connection, received);
      else if (link.phase === LinkPhase.body) pass(link, connection, slab, at, at, at + received);
      else readHead(link, connection, slab, link.slab >= 0 ? link.from : at, at + received);
    }
  }

  function onEnd(link: Link, connection: Connection, error: number): void {
    if (error === 0 && link.phase === LinkPhase.body && link.framing === Framing.close) {
      const slab = slabFor(link);
      if (slab < 0) {
        hooks.onBroken(link, NO_MEMORY, false);
        return;
      }
      const at = slab + HEADROOM;
      const end = at + bytes.write('0\r\n\r\n', at, 'latin1');
      if (send(link, connection, slab, at, end)) hooks.onEnd(link, true);
      return;
    }
    const where = link.phase === LinkPhase.body ? 'within its answer' : 'before it answered';
    hooks.onBroken(link, `${error === 0 ? 'closed the connection' : 'reset the connection'} ${where}`, false);
  }

  /** Parses the head that begins at `from`, and passes interim ones on, and what follows. */
  function readHead(link: Link, connection: Connection, slab: number, from: number, to: number): void {
    let start = from;
    for (;;) {
      const parsed = parseResponse(bytes, start, to, hooks.isHead(connection), link);
      if (parsed === ResponseParsed.malformed) {
        hooks.onBroken(link, 'its answer is no HTTP', true);
        return;
      }
      if (parsed === ResponseParsed.partial) {
        keepHead(link, slab, start, to);
        return;
      }
      if (link.status >= 200) break;
      if (link.status === 101 || ++link.interims > INTERIMS_MAX) {
        hooks.onBroken(
          link,
          link.status === 101 ? 'switched protocols unasked' : 'too many interim answers',
          true,
        );
        return;
      }
      connection.exchange!.interim = true;
      const end = link.contentStart;
      const head = editResponse(bytes, start, link, none, nothing);
      start = end;
      // What is kept of it can't keep the slab, which has more.
      if (!sendCopy(link, connection, head, end)) return;
    }
    beginBody(link, connection);
    const plan = planOf(connection.exchange!.route);
    const added = plan.added(link.hasDate, link.framing === Framing.close, connection.last);
    const head = editResponse(bytes, start, link, plan.dropped, added);
    // A slab of the link's own goes with the answer's first bytes.
    if (link.slab >= 0) link.slab = -1;
    pass(link, connection, slab, head, link.contentStart, to);
  }

  function beginBody(link: Link, connection: Connection): void {
    const exchange = connection.exchange!;
    link.phase = LinkPhase.body;
    exchange.ttfb = monotonicNow() - connection.begun;
    connection.last = connection.close || hooks.isLast(connection);
    beginChunked(link);
  }

  /** A part of a head stays where it is, at the start of its slab, which is the link's from here on. */
  function keepHead(link: Link, slab: number, from: number, to: number): void {
    if (slab === input) input = -1;
    link.slab = slab;
    link.from = slab + HEADROOM;
    link.to = link.from + to - from;
    if (from !== link.from) bytes.copyWithin(link.from, from, to);
  }

  /** Passes on what belongs to the body in bytes[from..to), after what there is from `start` on. */
  function pass(
    link: Link,
    connection: Connection,
    slab: number,
    start: number,
    from: number,
    to: number,
  ): void {
    const exchange = connection.exchange!;
    let end = to;
    let done = false;
    let first = start;
    switch (link.framing) {
      case Framing.none:
        end = from;
        done = true;
        break;
      case Framing.length:
        end = from + Math.min(link.contentLength, to - from);
        link.contentLength -= end - from;
        exchange.sent += end - from;
        done = link.contentLength === 0;
        break;
      case Framing.chunked:
        end = passChunked(link, bytes, from, to);
        exchange.sent = link.data;
        done = isChunkedDone(link);
        break;
      default:
        exchange.sent += to - from;
        if (to > from) {
          first = beginChunk(start, from, to);
          end = to + bytes.write('\r\n', to, 'latin1');
        }
    }
    if (end < 0) {
      giveUnlessInput(slab);
      hooks.onBroken(link, 'its body is no chunked one', true);
      return;
    }
    const stray = done && end < to;
    // The end may be far off.
    if (!done && !exchange.begun) exchange.route.group.answered(link.backend);
    exchange.begun = true;
    if (!send(link, connection, slab, first, end)) return;
    if (done) hooks.onEnd(link, stray);
    else if (connection.unsent === null) wheel.set(link, exchange.route.spec.options.idle_timeout);
  }

  /** Writes the size of a chunk before its data, after what there is from `start` on, which moves. Gives where that begins. */
  function beginChunk(start: number, from: number, to: number): number {
    bytes.copyWithin(start - SIZE_LINE, start, from);
    bytes.write(`${(to - from).toString(16).padStart(6, '0')}\r\n`, from - SIZE_LINE, 'latin1');
    return start - SIZE_LINE;
  }

  /** Sends a part of the answer. False: the client has gone, and the link with it. */
  function send(link: Link, connection: Connection, slab: number, from: number, to: number): boolean {
    const delivered = deliver(parts, connection, slab, from, to);
    if (delivered === Delivered.kept) {
      if (slab === input) input = -1;
      wheel.clear(link);
      wheel.set(connection, Math.min(limits.send, timeLeft(connection)));
      return true;
    }
    giveUnlessInput(slab);
    if (delivered === Delivered.all) return true;
    destroy(parts, connection);
    return false;
  }

  /** The same of bytes whose slab is needed for more. */
  function sendCopy(link: Link, connection: Connection, from: number, to: number): boolean {
    const slab = slabs.take();
    if (slab < 0) {
      hooks.onBroken(link, NO_MEMORY, false);
      return false;
    }
    bytes.copyWithin(slab, from, to);
    return send(link, connection, slab, slab, slab + to - from);
  }

  function giveUnlessInput(slab: number): void {
    if (slab !== input) slabs.give(slab, SLAB_SIZE);
  }

  return {
    read,
    trim() {
      if (input >= 0) slabs.give(input, SLAB_SIZE);
      input = -1;
    },
  };
}
