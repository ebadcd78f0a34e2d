// A plain request through an upstream and back, on connections that are numbers in the same epoll set as the client's.
import { type Call, Errno, monotonicNow } from '@flexilib/native';
import {
  avoidAddress,
  type ClientLines,
  clientAddress,
  describeClient,
  hashOf,
  rawHeaders,
} from '@flexilib/proxy';
import { isFull } from '../../held.ts';
import { addressOfPeer } from '../../peer.ts';
import type { UpstreamRoute } from '../../routes.ts';
import { type Connection, Phase } from '../connection.ts';
import type { Execute } from '../execute.ts';
import { destroy } from '../leave.ts';
import { CONTENT_MAX, Parsed } from '../parse.ts';
import type { Parts } from '../parts.ts';
import { SLAB_SIZE } from '../slabs.ts';
import { sendUnsent } from '../unsent.ts';
import { createAnswer } from './answer.ts';
import { tell } from './deliver.ts';
import { beginExchange, headTimeLeft, timeLeft } from './exchange.ts';
import { type Link, LinkPhase } from './link.ts';
import { planOf } from './plan.ts';
import { createPool, type Pool } from './pool.ts';
import { createRequests } from './requests.ts';
import { createTries, Tried, type TriesHooks, whyOf } from './tries.ts';

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

export interface RelayHooks extends TriesHooks {
  isLast(connection: Connection): boolean;
}

export function createRelay(parts: Parts, execute: Execute, hooks: RelayHooks): Relay {
  const { sockets, slabs, wheel, turns } = parts;
  const { bytes } = slabs;
  const pool = createPool(sockets, wheel);
  const requests = createRequests(parts);
  const tries = createTries(parts, execute, pool, requests, hooks);

  const answer = createAnswer(parts, {
    isHead: execute.isHead,
    isLast: hooks.isLast,
    onEnd: finish,
    onBroken: (link, why, malformed) => tries.fail(link, why, 502, !malformed),
  });

  function describe(peer: string): ClientLines {
    const address = addressOfPeer(peer);
    return describeClient(address, parts.trusts(address));
  }

  function finish(link: Link, spoiled: boolean): void {
    const connection = link.client!;
    const exchange = connection.exchange!;
    link.client = null;
    exchange.link = null;
    exchange.route.group.end(link.backend, 'ok');
    if (spoiled || !link.keep || link.ending || link.gone || link.unsent || link.rest !== null)
      tries.drop(link);
    else {
      pool.give(link);
      if (link.readable) turns.enqueue(link); // there may be more than its answer
    }
    tell(parts, connection, exchange, link.status);
    tries.settle(connection);
    hooks.onAnswer(connection);
  }

  /** An idle link has an event: nothing it could say is expected. */
  function checkIdle(link: Link): void {
    if (!link.readable) return;
    link.readable = false;
    const slab = slabs.take();
    const received = slab < 0 ? 0 : sockets.recv(link.fd, slabs.address + slab, SLAB_SIZE);
    if (slab >= 0) slabs.give(slab, SLAB_SIZE);
    if (received !== Errno.again) tries.drop(link);
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
      const exchange = beginExchange(connection, route);
      if (group.balance.kind === 'round-robin' || group.balance.kind === 'least-connections')
        exchange.hash = 0;
      else {
        const raw = rawHeaders(bytes, connection, call.fields);
        const address = clientAddress(connection.client.address, raw, parts.trusts);
        exchange.hash = hashOf(group.balance, address, raw);
      }
      route.calls += 1;
      connection.phase = Phase.upstream;
      if (tries.attempt(connection, call.fields) !== Tried.foreign) return Parsed.complete;
      tries.settle(connection);
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
          tries.fail(link, whyOf(sockets.errorOf(link.fd)), 502, true);
          return;
        }
        if (!link.writable) return;
        tries.connected(link);
      }
      if (link.writable && (link.unsent || link.rest !== null)) {
        const error = requests.sendRest(link);
        if (error !== 0) tries.fail(link, whyOf(error), 502, true);
      }
      if (link.fd >= 0 && link.readable) answer.read(link);
    },
    resume(connection) {
      const sent = sendUnsent(connection, sockets, parts.log, parts.release);
      if (typeof sent === 'number') {
        if (sent !== Errno.again) destroy(parts, connection);
        return;
      }
      const { link, route } = connection.exchange!;
      const left = timeLeft(connection);
      if (!sent) {
        wheel.set(connection, Math.min(parts.limits.send, left));
        return;
      }
      if (left === Number.POSITIVE_INFINITY) wheel.clear(connection);
      else wheel.set(connection, left);
      if (link === null || link.phase === LinkPhase.connect) return;
      // The upstream's time stood still while the client had to take something.
      if (link.phase === LinkPhase.body) wheel.set(link, route.spec.options.idle_timeout);
      else tries.awaitHead(link);
      answer.read(link);
    },
    expire(link) {
      if (link.phase === LinkPhase.idle) tries.drop(link);
      else if (link.phase === LinkPhase.connect) {
        avoidAddress(link.backend, link.address);
        tries.fail(link, 'no connection in time', 504, headTimeLeft(link.client!) > 0);
      } else if (link.client!.unsent !== null && link.readable) {
        // It has said something, which the client lets wait.
        wheel.set(link.client!, Math.min(parts.limits.send, timeLeft(link.client!)));
      } else
        tries.fail(
          link,
          link.phase === LinkPhase.head ? 'no answer in time' : 'silent for too long',
          504,
          false,
        );
    },
    expireClient(connection) {
      const exchange = connection.exchange!;
      const { link, waiting, route } = exchange;
      if (connection.unsent !== null) {
        destroy(parts, connection);
      } else if (link) {
        tries.fail(link, exchange.begun ? 'its answer did not end in time' : 'no answer in time', 504, false);
      } else if (waiting) {
        const why = 'its name was not resolved in time';
        route.group.end(waiting, 'failed', why);
        exchange.waiting = null;
        tries.report(connection, waiting, why, 504);
        hooks.onAnswer(connection);
      }
    },
    abort(connection) {
      const exchange = connection.exchange!;
      const { link, waiting } = exchange;
      if (link) tries.release(connection, link, 'unknown');
      else if (waiting) exchange.route.group.end(waiting, 'unknown');
      exchange.waiting = null;
      tries.settle(connection);
    },
    cut(link) {
      if (link.client) destroy(parts, link.client);
      else tries.drop(link);
    },
    close: pool.close,
    trim() {
      answer.trim();
      requests.trim();
    },
  };
}
