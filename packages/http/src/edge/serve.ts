// A connection's work: read, parse, answer, send, and wait for the right thing.
import { type Call, Errno, monotonicNow } from '@flexilib/native';
import type { ServedRoute } from '../routes.ts';
import { type Connection, Phase } from './connection.ts';
import type { Execute } from './execute.ts';
import { destroy, discard, end, giveSlab, handOver } from './leave.ts';
import { ASTERISK, Parsed, parseRequest } from './parse.ts';
import type { Parts } from './parts.ts';
import { SLAB_SIZE } from './slabs.ts';
import { sendUnsent } from './unsent.ts';
import { planOf } from './upstream/plan.ts';
import type { Relay } from './upstream/relay.ts';

/** With less room than this behind it, what is there moves to the slab's start. */
const ROOM = 16 << 10;

/** A body for an upstream that isn't whole after this time goes on piece by piece, the complete way. */
const PIECE_MS = 20;

export interface Serve {
  /** Does what the connection's events allow. */
  advance(connection: Connection): void;
  /** An answer has been added: sends it, and goes on. */
  onAnswer(connection: Connection): void;
  /** Sends what is left of the answers, and goes on when all is sent. */
  sendRest(connection: Connection): void;
  /** Reads what is there, without moving what was read, to see whether the client has ended its side. */
  lookForEnd(connection: Connection): void;
}

export function createServe(
  parts: Parts,
  execute: Execute,
  relay: Relay,
  contentMax: number,
  isEnding: () => boolean,
): Serve {
  const { runtime, sockets, slabs, answers, wheel, turns, limits, stats } = parts;

  /** Answers what was read, and reads, as long as there is something to do. */
  function pump(connection: Connection): void {
    for (;;) {
      if (connection.to > connection.from && connection.to >= connection.wanted) {
        switch (parse(connection)) {
          case Parsed.complete:
            if (connection.phase === Phase.executor || connection.phase === Phase.upstream) {
              answers.send(connection); // those before it; what the client doesn't take goes with the next
              return;
            }
            if (!proceed(connection)) return;
            continue;
          case Parsed.foreign:
            giveAway(connection);
            return;
        }
      }
      if (!connection.readable || connection.ended) break;
      if (connection.slab < 0 && !takeSlab(connection)) {
        giveAway(connection);
        return;
      }
      if (!makeRoom(connection)) {
        awaitClient(connection);
        return;
      }
      const received = receive(connection);
      if (received < 0 && received !== Errno.again) {
        answers.send(connection);
        destroy(parts, connection);
        return;
      }
      if (received <= 0) break;
    }
    if (answers.send(connection)) rest(connection);
    else awaitClient(connection);
  }

  /** Hands it over, after the answers that it has had. */
  function giveAway(connection: Connection): void {
    if (answers.send(connection)) handOver(parts, connection);
    else awaitClient(connection);
  }

  /** Parses and runs the request at `from`; gives one of Parsed. */
  function parse(connection: Connection): number {
    const call = runtime.acquireCall();
    call.setBytes(slabs.bytes, slabs.address);
    const { from, to } = connection;
    connection.found = null;
    const parsed = parseRequest(slabs.bytes, from, to, contentMax, call.fields, connection);
    if (parsed === Parsed.complete) {
      setHead(connection, call);
      return run(connection, call);
    }
    connection.headed = parsed === Parsed.partialBody;
    if (connection.headed) {
      setHead(connection, call);
      // What is refused whatever its body, or waits for its library, does so in node:http.
      const route = find(connection, call);
      connection.streams = route?.kind === 'upstream';
      if (!canWait(route)) {
        runtime.releaseCall(call);
        return Parsed.foreign;
      }
    }
    runtime.releaseCall(call);
    connection.wanted = connection.headed ? connection.contentStart + connection.contentLength : to + 1;
    return parsed;
  }

  function find(connection: Connection, call: Call): ServedRoute | undefined {
    const route = parts.routes().find(call);
    connection.found = route ?? null;
    return route;
  }

  /** Whether the rest of a body is waited for here. */
  function canWait(route: ServedRoute | undefined): boolean {
    if (route?.kind === 'upstream') return planOf(route).isPlain;
    return route?.kind === 'library' && route.executor.current !== null;
  }

  function setHead(connection: Connection, call: Call): void {
    const { from, methodLength, targetStart, targetLength, fieldCount } = connection;
    call.setHead(from, methodLength, targetStart, targetLength, fieldCount);
  }

  /** Answers the whole request at `from`, or begins to; gives one of Parsed. */
  function run(connection: Connection, call: Call): number {
    const route = find(connection, call);
    if (route?.kind === 'library') {
      call.setContent(slabs.address + connection.contentStart, connection.contentLength);
      execute.run(connection, call, route);
      return Parsed.complete;
    }
    if (route?.kind === 'upstream') {
      const parsed = relay.run(connection, call, route);
      runtime.releaseCall(call);
      return parsed;
    }
    connection.begun = monotonicNow();
    if (route) execute.reply(connection, route.reply(call, execute.isHead(connection)), connection.begun);
    else {
      // RFC 9110 9.3.7: a ping. Here too, since who asks for a server's health does so all the time.
      const isPing = slabs.bytes[connection.targetStart] === ASTERISK;
      execute.answer(connection, isPing ? 200 : 404, connection.begun);
    }
    runtime.releaseCall(call);
    return Parsed.complete;
  }

  /** The request at `from` has been answered. True: the next one may follow now. */
  function proceed(connection: Connection): boolean {
    stats.requests += 1;
    connection.phase = Phase.answered;
    connection.fresh = false;
    connection.found = null; // of a table that may be replaced
    connection.from = connection.contentStart + connection.contentLength;
    connection.wanted = 0;
    if (connection.last) {
      if (answers.send(connection)) end(parts, connection);
      else awaitClient(connection);
      return false;
    }
    // The next answer in the window may be another connection's: none of this one's stays in it.
    if ((connection.unsent !== null || answers.full) && !answers.send(connection)) {
      awaitClient(connection);
      return false;
    }
    if (connection.from < connection.to && turns.over) {
      if (answers.send(connection)) turns.defer(connection);
      else awaitClient(connection);
      return false;
    }
    return true;
  }

  function takeSlab(connection: Connection): boolean {
    connection.slab = slabs.take();
    if (connection.slab < 0) return false;
    connection.from = connection.slab;
    connection.to = connection.slab;
    connection.filled = 0;
    connection.wanted = 0;
    return true;
  }

  /** Moves what was read to the slab's start if there is little room after it. False: the answers must leave first. */
  function makeRoom(connection: Connection): boolean {
    const { slab, from, to } = connection;
    if (from === slab || slab + SLAB_SIZE - Math.max(to, connection.wanted) >= ROOM) return true;
    // What the log tells of an answer is still in the bytes of its request.
    if (!answers.send(connection)) return false;
    slabs.bytes.copyWithin(slab, from, to);
    connection.filled = Math.max(connection.filled, to - slab);
    connection.from = slab;
    connection.to = slab + to - from;
    connection.wanted -= connection.wanted === 0 ? 0 : from - slab;
    return true;
  }

  /** As recv; the last byte of a slab is the parser's. */
  function receive(connection: Connection): number {
    const room = connection.slab + SLAB_SIZE - 1 - connection.to;
    const received = sockets.recv(connection.fd, slabs.address + connection.to, room);
    if (received > 0) connection.to += received;
    // Edge-triggered: less than there was room for means that there was no more (epoll(7)).
    if (received < room && !connection.ending) connection.readable = false;
    if (received <= 0) connection.readable = false;
    connection.ended = received === 0;
    return received;
  }

  /** All that can be done is done: what is waited for, and for how long. */
  function rest(connection: Connection): void {
    const { from, to, phase } = connection;
    if (from === to) {
      giveSlab(parts, connection);
      if (connection.ended || (isEnding() && phase !== Phase.idle)) destroy(parts, connection);
      else if (phase !== Phase.idle) {
        connection.phase = Phase.idle;
        wheel.set(connection, limits.idle);
      }
      return;
    }
    // node:http knows what to say to half a request; and has memory when we have little.
    if (connection.ended || slabs.scarce) {
      handOver(parts, connection);
    } else if (connection.headed) {
      if (phase !== Phase.body) connection.begun = monotonicNow();
      connection.phase = Phase.body;
      wheel.set(connection, connection.streams ? PIECE_MS : limits.body);
    } else if (phase !== Phase.head) {
      connection.phase = Phase.head;
      if (!connection.fresh) wheel.set(connection, limits.header);
    }
  }

  function awaitClient(connection: Connection): void {
    connection.phase = Phase.client;
    if (connection.from === connection.to) giveSlab(parts, connection);
    wheel.set(connection, limits.send);
  }

  function sendRest(connection: Connection): void {
    const sent = sendUnsent(connection, sockets, parts.log, parts.release);
    if (sent === true) {
      if (connection.last) {
        end(parts, connection);
        return;
      }
      connection.phase = Phase.answered;
      pump(connection);
    } else if (sent === false) {
      wheel.set(connection, limits.send);
    } else if (sent !== Errno.again) {
      destroy(parts, connection);
    }
  }

  return {
    advance(connection) {
      if (connection.fd < 0) return;
      if (connection.gone) {
        destroy(parts, connection);
        return;
      }
      switch (connection.phase) {
        case Phase.executor:
          if (connection.unsent !== null) sendUnsent(connection, sockets, parts.log, parts.release);
          return;
        case Phase.upstream:
          if (connection.unsent !== null) relay.resume(connection);
          return;
        case Phase.client:
          sendRest(connection);
          return;
        case Phase.end:
          discard(parts, connection);
          return;
        default:
          pump(connection);
      }
    },
    onAnswer(connection) {
      if (proceed(connection)) pump(connection);
    },
    sendRest,
    lookForEnd(connection) {
      while (connection.readable && !connection.ended) {
        if (connection.slab + SLAB_SIZE - 1 === connection.to || receive(connection) <= 0) return;
      }
    },
  };
}
