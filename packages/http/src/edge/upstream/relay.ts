// A plain request through an upstream and back: which backend has it, what happens when that fails, and when it is over.
import { getSystemErrorName } from 'node:util';
import { addressOf, type Call, Errno, monotonicNow } from '@flexilib/native';
import {
  avoidAddress,
  type Backend,
  type ClientLines,
  clientAddress,
  describeClient,
  hashOf,
  rawHeaders,
  whyFailed,
} from '@flexilib/proxy';
import { isFull } from '../../held.ts';
import type { UpstreamRoute } from '../../routes.ts';
import { type Connection, Phase } from '../connection.ts';
import type { Execute } from '../execute.ts';
import { destroy } from '../leave.ts';
import { CONTENT_MAX, FIELDS_MAX, Parsed, parseRequest } from '../parse.ts';
import type { Parts } from '../parts.ts';
import { SLAB_SIZE } from '../slabs.ts';
import { sendUnsent } from '../unsent.ts';
import { createAnswer } from './answer.ts';
import { tell } from './deliver.ts';
import { Exchange, type Link, LinkPhase } from './link.ts';
import { planOf } from './plan.ts';
import { createPool, type Pool } from './pool.ts';

export interface Relay {
  readonly links: Pool['links'];
  /**
   * Sends the request that is at connection.from on; `call` has its head, and isn't needed any more after it. Gives
   * foreign: the complete way must do it; or complete: it is on its way (the phase is upstream), or was answered.
   */
  run(connection: Connection, call: Call, route: UpstreamRoute): number;
  /** Does what the link's events allow. */
  advance(link: Link): void;
  /** The client of a connection in phase upstream takes bytes again. */
  resume(connection: Connection): void;
  /** What the link waits for has not come in time. */
  expire(link: Link): void;
  /** The same of a connection in phase upstream. */
  expireClient(connection: Connection): void;
  abort(connection: Connection): void;
  /** The server itself has failed: that costs the link and its client. */
  cut(link: Link): void;
  /** Keeps no connection without a request. */
  close(): void;
  trim(): void;
}

export interface RelayHooks {
  isLast(connection: Connection): boolean;
  /** The answer to the request of a connection that was in phase upstream is given. */
  onAnswer(connection: Connection): void;
}

/** What became of a try. */
const Tried = { sent: 0, answered: 1, foreign: 2 } as const;

/** «127.0.0.1» of «127.0.0.1:59940», «::1» of «[::1]:59940»; «» of a Unix socket's client. */
const addressOfPeer = (peer: string): string => /^\[?([\d.]+|[\da-f:.]+(?=\]))/.exec(peer)?.[1] ?? '';

/** Why, of a negative errno. */
const nameOf = (errno: number): string =>
  errno === 0 ? 'the connection broke' : whyFailed({ code: getSystemErrorName(errno) });

export function createRelay(parts: Parts, execute: Execute, hooks: RelayHooks): Relay {
  const { sockets, slabs, wheel, turns } = parts;
  const { bytes } = slabs;
  const pool = createPool(sockets, wheel);
  const reparsed = new Int32Array(4 * FIELDS_MAX);
  let output = -1; // the slab in which requests are written

  const answer = createAnswer(parts, {
    isHead: execute.isHead,
    isLast: hooks.isLast,
    onEnd: finish,
    onBroken: (link, why, malformed) => fail(link, why, 502, !malformed),
  });

  function describe(peer: string): ClientLines {
    const address = addressOfPeer(peer);
    return describeClient(address, parts.trusts(address));
  }

  function begin(connection: Connection, route: UpstreamRoute): Exchange {
    connection.exchange ??= new Exchange(route);
    const { exchange } = connection;
    exchange.route = route;
    exchange.link = null;
    exchange.waiting = null;
    exchange.tries = 0;
    exchange.tried = [];
    exchange.fresh = false;
    exchange.interim = false;
    exchange.begun = false;
    exchange.sent = 0;
    const { timeout } = route.spec.options;
    exchange.expires = timeout === undefined ? Number.POSITIVE_INFINITY : connection.begun + timeout;
    return exchange;
  }

  /** Takes the request to a backend, the next one when that fails at once. */
  function attempt(connection: Connection, fields: Int32Array): number {
    const exchange = connection.exchange!;
    const { group } = exchange.route;
    if (output < 0) output = slabs.take();
    if (output < 0) return giveUp(connection, 503);
    for (;;) {
      const backend = group.begin(exchange.hash, exchange.tried);
      if (backend === null) return giveUp(connection, 503, group.retryAfter);
      if (backend.target.socket === null && backend.addresses.length === 0) {
        resolve(connection, exchange, backend);
        return Tried.sent;
      }
      const { compose } = planOf(exchange.route);
      const limit = output + SLAB_SIZE;
      const end = compose(bytes, connection, fields, connection.client!, backend.target, output, limit);
      if (end < 0) {
        group.end(backend, 'unknown');
        return Tried.foreign;
      }
      const link = pool.take(backend, exchange.fresh);
      if (typeof link === 'number') {
        const isOurs = link === Errno.outOfFiles || link === Errno.outOfFilesInSystem;
        const why = nameOf(link);
        group.end(backend, isOurs ? 'unknown' : 'failed', why);
        if (isOurs) return giveUp(connection, 503);
        if (mayRetry(connection, backend, false)) continue;
        return report(connection, backend, why, 502);
      }
      attach(connection, link);
      const error = send(link, output, end);
      if (error === 0) return Tried.sent;
      const { used } = link;
      release(connection, link, used ? 'unknown' : 'failed', nameOf(error));
      if (used) exchange.fresh = true;
      else if (!mayRetry(connection, backend, false)) return report(connection, backend, nameOf(error), 502);
    }
  }

  function attach(connection: Connection, link: Link): void {
    const exchange = connection.exchange!;
    const { connect_timeout, head_timeout } = exchange.route.spec.options;
    exchange.link = link;
    link.client = connection;
    link.spoken = false;
    link.unsent = false;
    link.interims = 0;
    const isFirst = exchange.tries === 0 && !exchange.fresh; // no time has passed then
    const left = isFirst ? head_timeout : Math.max(1, connection.begun + head_timeout - monotonicNow());
    if (link.used) link.phase = LinkPhase.head;
    wheel.set(link, link.used ? left : Math.min(connect_timeout, left));
    if (exchange.expires === Number.POSITIVE_INFINITY) wheel.clear(connection);
    else wheel.set(connection, Math.max(1, exchange.expires - monotonicNow()));
  }

  /** Sends a request that was written; 0: it is sent, or will be; else why that failed. */
  function send(link: Link, at: number, end: number): number {
    const sent = sockets.send(link.fd, slabs.address + at, end - at);
    if (sent === Errno.again) {
      link.unsent = true;
      link.writable = false;
      return 0;
    }
    if (sent < 0) return sent;
    link.spoken = true;
    if (sent < end - at) {
      link.writable = false;
      link.rest = Buffer.from(new ArrayBuffer(end - at - sent));
      bytes.copy(link.rest, 0, at + sent, end);
    }
    if (link.phase === LinkPhase.connect) connected(link);
    return 0;
  }

  function connected(link: Link): void {
    link.phase = LinkPhase.head;
    awaitHead(link);
  }

  function awaitHead(link: Link): void {
    const { begun, exchange } = link.client!;
    wheel.set(link, Math.max(1, begun + exchange!.route.spec.options.head_timeout - monotonicNow()));
  }

  /** The upstream takes more of the request. */
  function flush(link: Link): void {
    const connection = link.client!;
    if (link.unsent) {
      link.unsent = false;
      const end = recompose(connection, link.backend);
      const error = end < 0 ? Errno.reset : send(link, output, end);
      if (error !== 0) fail(link, nameOf(error), 502, true);
      return;
    }
    const rest = link.rest!;
    const sent = sockets.send(link.fd, addressOf(rest.buffer as ArrayBuffer) + rest.byteOffset, rest.length);
    // When it is broken there may be an answer, which says why.
    if (sent < rest.length) link.writable = false;
    link.rest = sent === rest.length ? null : rest.subarray(Math.max(0, sent));
  }

  function recompose(connection: Connection, backend: Backend): number {
    if (output < 0) output = slabs.take();
    if (output < 0) return -1;
    const fields = parseAgain(connection);
    const { compose } = planOf(connection.exchange!.route);
    const limit = output + SLAB_SIZE;
    return compose(bytes, connection, fields, connection.client!, backend.target, output, limit);
  }

  function parseAgain(connection: Connection): Int32Array {
    parseRequest(bytes, connection.from, connection.to, CONTENT_MAX, reparsed, connection);
    return reparsed;
  }

  /** The backend's host isn't known yet. */
  function resolve(connection: Connection, exchange: Exchange, backend: Backend): void {
    const { group, spec } = exchange.route;
    exchange.waiting = backend;
    wheel.set(connection, spec.options.head_timeout);
    const settle = (error: Error | null) => {
      if (exchange.waiting !== backend || connection.fd < 0) return;
      exchange.waiting = null;
      wheel.touch(monotonicNow());
      group.end(backend, error ? 'failed' : 'unknown', error?.message);
      if (error && !mayRetry(connection, backend, false)) {
        report(connection, backend, error.message, 502);
        hooks.onAnswer(connection);
      } else again(connection);
    };
    backend.resolve().then(
      () => settle(null),
      (error: Error) => settle(error),
    );
  }

  /** Another try, long after the first. */
  function again(connection: Connection): void {
    const tried = attempt(connection, parseAgain(connection));
    if (tried === Tried.sent) return;
    if (tried === Tried.foreign) giveUp(connection, 502);
    hooks.onAnswer(connection);
  }

  /** Whether a request whose try failed may have another: never when a second one could do what the first has done. */
  function mayRetry(connection: Connection, failed: Backend, spoken: boolean): boolean {
    const exchange = connection.exchange!;
    if (exchange.interim || (spoken && !isIdempotent(connection))) return false;
    if (exchange.tries >= exchange.route.spec.options.retries) return false;
    exchange.tries += 1;
    exchange.tried = [...exchange.tried, failed];
    return true;
  }

  /** Of the methods that are plain, POST and PATCH aren't (RFC 9110 9.2.2). */
  function isIdempotent({ from }: Connection): boolean {
    return bytes[from] !== 0x50 || bytes[from + 1] === 0x55;
  }

  /** The link can't answer its request. */
  function fail(link: Link, why: string, status: number, retriable: boolean): void {
    const connection = link.client!;
    const exchange = connection.exchange!;
    const { backend, spoken } = link;
    // Closed while it was idle, most likely: says nothing about the backend.
    const stale =
      link.used && retriable && link.phase === LinkPhase.head && link.slab < 0 && !exchange.interim;
    const isStale = stale && (!spoken || isIdempotent(connection));
    release(connection, link, isStale ? 'unknown' : 'failed', why);
    if (exchange.begun) {
      parts.onFault(exchange.route.spec.key, `${backend.name}, ${requestOf(connection)}: ${why}`);
      tell(parts, connection, exchange, link.status);
      settle(connection);
      connection.phase = Phase.client; // it has had its line of the log
      destroy(parts, connection);
      return;
    }
    if (isStale) exchange.fresh = true;
    if (isStale || (retriable && mayRetry(connection, backend, spoken))) {
      again(connection);
      return;
    }
    report(connection, backend, why, status);
    hooks.onAnswer(connection);
  }

  const requestOf = ({ from, methodLength, targetLength }: Connection): string =>
    bytes.toString('latin1', from, from + methodLength + 1 + targetLength);

  /** Tells the operator why a request has no answer of an upstream, and gives it one. */
  function report(connection: Connection, backend: Backend, why: string, status: number): number {
    const { key } = connection.exchange!.route.spec;
    parts.onFault(key, `${backend.name}, ${requestOf(connection)}: ${why}`);
    return giveUp(connection, status);
  }

  function giveUp(connection: Connection, status: number, retryAfter?: number): number {
    settle(connection);
    execute.answer(connection, status, monotonicNow(), null, retryAfter);
    return Tried.answered;
  }

  /** The request is with no upstream any more. */
  function settle(connection: Connection): void {
    connection.exchange!.route.calls -= 1;
    connection.phase = Phase.answered;
  }

  /** Closes a link whose request goes on without it. */
  function release(connection: Connection, link: Link, outcome: 'failed' | 'unknown', why?: string): void {
    const exchange = connection.exchange!;
    exchange.link = null;
    link.client = null;
    exchange.route.group.end(link.backend, outcome, why);
    drop(link);
  }

  function drop(link: Link): void {
    if (link.slab >= 0) slabs.give(link.slab, SLAB_SIZE);
    link.slab = -1;
    pool.destroy(link);
  }

  function finish(link: Link, spoiled: boolean): void {
    const connection = link.client!;
    const exchange = connection.exchange!;
    link.client = null;
    exchange.link = null;
    exchange.route.group.end(link.backend, 'ok');
    if (spoiled || !link.keep || link.ending || link.gone || link.unsent || link.rest !== null) drop(link);
    else {
      pool.give(link);
      if (link.readable) turns.enqueue(link); // there may be more than its answer
    }
    tell(parts, connection, exchange, link.status);
    settle(connection);
    hooks.onAnswer(connection);
  }

  /** An idle link has an event: nothing it could say is expected. */
  function checkIdle(link: Link): void {
    if (!link.readable) return;
    link.readable = false;
    const slab = slabs.take();
    const received = slab < 0 ? 0 : sockets.recv(link.fd, slabs.address + slab, SLAB_SIZE);
    if (slab >= 0) slabs.give(slab, SLAB_SIZE);
    if (received !== Errno.again) drop(link);
  }

  return {
    links: pool.links,
    run(connection, call, route) {
      const { spec, group } = route;
      const plan = planOf(route);
      if (!plan.isPlain || connection.contentLength > (spec.options.max_body ?? CONTENT_MAX))
        return Parsed.foreign;
      connection.client ??= describe(connection.peer);
      connection.begun = monotonicNow();
      wheel.touch(connection.begun);
      if (isFull() || route.calls >= route.maxCalls) {
        execute.answer(connection, 503, connection.begun);
        return Parsed.complete;
      }
      const exchange = begin(connection, route);
      if (group.balance.kind === 'round-robin' || group.balance.kind === 'least-connections')
        exchange.hash = 0;
      else {
        const raw = rawHeaders(bytes, connection, call.fields);
        const address = clientAddress(connection.client.address, raw, parts.trusts);
        exchange.hash = hashOf(group.balance, address, raw);
      }
      route.calls += 1;
      connection.phase = Phase.upstream;
      if (attempt(connection, call.fields) !== Tried.foreign) return Parsed.complete;
      settle(connection);
      return Parsed.foreign;
    },
    advance(link) {
      if (link.fd < 0) return;
      if (link.phase === LinkPhase.idle) {
        checkIdle(link);
        return;
      }
      if (link.phase === LinkPhase.connect) {
        if (link.gone) {
          avoidAddress(link.backend, link.address);
          fail(link, nameOf(sockets.errorOf(link.fd)), 502, true);
          return;
        }
        if (!link.writable) return;
        connected(link);
      }
      if (link.writable && (link.unsent || link.rest !== null)) flush(link);
      if (link.fd >= 0 && link.readable) answer.read(link);
    },
    resume(connection) {
      const sent = sendUnsent(connection, sockets, parts.log, parts.release);
      if (typeof sent === 'number') {
        if (sent !== Errno.again) destroy(parts, connection);
        return;
      }
      const { link, route, expires } = connection.exchange!;
      const left = Math.max(1, expires - monotonicNow());
      if (!sent) {
        wheel.set(connection, Math.min(parts.limits.send, left));
        return;
      }
      if (left === Number.POSITIVE_INFINITY) wheel.clear(connection);
      else wheel.set(connection, left);
      if (link === null || link.phase === LinkPhase.connect) return;
      // The upstream's time stood still while the client had to take something.
      if (link.phase === LinkPhase.body) wheel.set(link, route.spec.options.idle_timeout);
      else awaitHead(link);
      answer.read(link);
    },
    expire(link) {
      if (link.phase === LinkPhase.idle) drop(link);
      else if (link.phase === LinkPhase.connect) {
        avoidAddress(link.backend, link.address);
        fail(link, 'no connection in time', 504, true);
      } else
        fail(link, link.phase === LinkPhase.head ? 'no answer in time' : 'silent for too long', 504, false);
    },
    expireClient(connection) {
      const exchange = connection.exchange!;
      const { link, waiting, route } = exchange;
      if (connection.unsent !== null) {
        destroy(parts, connection);
      } else if (link) {
        fail(link, exchange.begun ? 'its answer did not end in time' : 'no answer in time', 504, false);
      } else if (waiting) {
        const why = 'its name was not resolved in time';
        route.group.end(waiting, 'failed', why);
        exchange.waiting = null;
        report(connection, waiting, why, 504);
        hooks.onAnswer(connection);
      }
    },
    abort(connection) {
      const exchange = connection.exchange!;
      const { link, waiting } = exchange;
      if (link) release(connection, link, 'unknown');
      else if (waiting) exchange.route.group.end(waiting, 'unknown');
      exchange.waiting = null;
      settle(connection);
    },
    cut(link) {
      if (link.client) destroy(parts, link.client);
      else drop(link);
    },
    close: pool.close,
    trim() {
      answer.trim();
      if (output >= 0) slabs.give(output, SLAB_SIZE);
      output = -1;
    },
  };
}
