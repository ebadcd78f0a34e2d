// Which backend has a request, and what happens when that fails.
import { getSystemErrorName } from 'node:util';
import { Errno, monotonicNow } from '@flexilib/native';
import { type Backend, whyFailed } from '@flexilib/proxy';
import { type Connection, Phase } from '../connection.ts';
import type { Execute } from '../execute.ts';
import { destroy } from '../leave.ts';
import type { Parts } from '../parts.ts';
import { SLAB_SIZE } from '../slabs.ts';
import { tell } from './deliver.ts';
import { type Exchange, headTimeLeft, timeLeft } from './exchange.ts';
import { type Link, LinkPhase } from './link.ts';
import type { Pool } from './pool.ts';
import type { Requests } from './requests.ts';

/** What became of a try. */
export const Tried = { sent: 0, answered: 1, foreign: 2 } as const;

export interface Tries {
  /**
   * Takes the request of a connection in phase upstream to a backend, the next one when that fails at once. Gives sent: it is
   * on its way; answered: an answer of our own has been added; or foreign: it isn't plain. One of Tried.
   */
  attempt(connection: Connection, fields: Int32Array): number;
  /** The link is connected. */
  connected(link: Link): void;
  /** The time of its answer's head goes on. */
  awaitHead(link: Link): void;
  /**
   * The link can't answer its request: another try, if it is retriable and that is safe, or the status; cut when a part
   * of an answer was passed on. why: for the operator.
   */
  fail(link: Link, why: string, status: number, retriable: boolean): void;
  /** Tells the operator why a request has no answer of an upstream, and gives it one. */
  report(connection: Connection, backend: Backend, why: string, status: number): number;
  /** Closes a link whose request goes on without it, or has gone. */
  release(connection: Connection, link: Link, outcome: 'failed' | 'unknown', why?: string): void;
  /** The request is with no upstream any more. */
  settle(connection: Connection): void;
  /** Closes a link that has no request. */
  drop(link: Link): void;
}

export interface TriesHooks {
  /** The answer to the request of a connection that was in phase upstream is given. */
  onAnswer(connection: Connection): void;
  /** The server itself has failed: the connection is to be cut. */
  onError(connection: Connection, error: unknown): void;
}

/** Why, of a negative errno. */
export const whyOf = (errno: number): string =>
  errno === 0 ? 'the connection broke' : whyFailed({ code: getSystemErrorName(errno) });

export function createTries(
  parts: Parts,
  execute: Execute,
  pool: Pool,
  requests: Requests,
  hooks: TriesHooks,
): Tries {
  const { slabs, wheel } = parts;
  const { bytes } = slabs;

  /** Takes the request to a backend, the next one when that fails at once. */
  function attempt(connection: Connection, fields: Int32Array): number {
    const exchange = connection.exchange!;
    const { group } = exchange.route;
    for (;;) {
      const backend = group.begin(exchange.hash, exchange.tried);
      if (backend === null) return giveUp(connection, 503, group.retryAfter);
      if (backend.target.socket === null && backend.addresses.length === 0) {
        resolve(connection, exchange, backend);
        return Tried.sent;
      }
      if (!requests.write(connection, fields, backend)) {
        group.end(backend, 'unknown');
        return Tried.foreign;
      }
      const link = pool.take(backend, exchange.fresh);
      if (typeof link === 'number') {
        const isOurs = link === Errno.outOfFiles || link === Errno.outOfFilesInSystem;
        const why = whyOf(link);
        group.end(backend, isOurs ? 'unknown' : 'failed', why);
        if (isOurs) return giveUp(connection, 503);
        if (mayRetry(connection, backend, false)) continue;
        return report(connection, backend, why, 502);
      }
      attach(connection, link);
      const error = requests.send(link);
      if (error === 0) {
        if (link.spoken && link.phase === LinkPhase.connect) connected(link);
        return Tried.sent;
      }
      const { used } = link;
      release(connection, link, used ? 'unknown' : 'failed', whyOf(error));
      if (used) exchange.fresh = true;
      else if (!mayRetry(connection, backend, false)) return report(connection, backend, whyOf(error), 502);
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
    const left = isFirst ? head_timeout : Math.max(1, headTimeLeft(connection));
    if (link.used) link.phase = LinkPhase.head;
    wheel.set(link, link.used ? left : Math.min(connect_timeout, left));
    if (exchange.expires === Number.POSITIVE_INFINITY) wheel.clear(connection);
    else wheel.set(connection, timeLeft(connection));
  }

  function connected(link: Link): void {
    link.phase = LinkPhase.head;
    awaitHead(link);
  }

  function awaitHead(link: Link): void {
    wheel.set(link, Math.max(1, headTimeLeft(link.client!)));
  }

  /** The backend's host isn't known yet. */
  function resolve(connection: Connection, exchange: Exchange, backend: Backend): void {
    const { group, spec } = exchange.route;
    exchange.waiting = backend;
    wheel.set(connection, Math.min(spec.options.head_timeout, timeLeft(connection)));
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
    backend
      .resolve()
      .then(
        () => settle(null),
        (error: Error) => settle(error),
      )
      .catch((error) => hooks.onError(connection, error));
  }

  /** Another try, long after the first. */
  function again(connection: Connection): void {
    const tried = attempt(connection, requests.fieldsOf(connection));
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
    release(connection, link, stale ? 'unknown' : 'failed', why);
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

  return { attempt, connected, awaitHead, fail, report, release, settle, drop };
}
