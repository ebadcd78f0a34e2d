import { monotonicNow } from '@flexilib/native';
import type { Backend } from '@flexilib/proxy';
import type { UpstreamRoute } from '../../routes.ts';
import type { Connection } from '../connection.ts';
import type { Link } from './link.ts';

const nobody: readonly Backend[] = [];

/** What becomes of a client's request at the upstreams. One object a client's connection, for all its requests. */
export class Exchange {
  route: UpstreamRoute;
  /** The one that has the request now. */
  link: Link | null = null;
  /** The one whose name is being resolved. */
  waiting: Backend | null = null;
  /** Of what the balance asks for. */
  hash = 0;
  /** Tries so far, and who has failed it. */
  tries = 0;
  tried: readonly Backend[] = nobody;
  /** An idle connection turned out to be closed: the next try makes a new one. */
  fresh = false;
  /** Monotonic milliseconds: until when the whole has to be done. */
  expires: number = Number.POSITIVE_INFINITY;
  /** Milliseconds from its dispatch to the head of its answer. */
  ttfb = 0;
  /** Bytes of its body that were passed on. */
  sent = 0;
  /** An interim answer was passed on: it can't be tried again. */
  interim = false;
  /** Its head was passed on. */
  begun = false;

  constructor(route: UpstreamRoute) {
    this.route = route;
  }
}

/** A new request of the connection, for this route. */
export function beginExchange(connection: Connection, route: UpstreamRoute): Exchange {
  connection.exchange ??= new Exchange(route);
  const { exchange } = connection;
  exchange.route = route;
  exchange.link = null;
  exchange.waiting = null;
  exchange.tries = 0;
  exchange.tried = nobody;
  exchange.fresh = false;
  exchange.interim = false;
  exchange.begun = false;
  exchange.sent = 0;
  const { timeout } = route.spec.options;
  exchange.expires = timeout === undefined ? Number.POSITIVE_INFINITY : connection.begun + timeout;
  return exchange;
}

/** Milliseconds until the head of its answer has to be there, over all tries; from 0 on it is late. */
export const headTimeLeft = ({ begun, exchange }: Connection): number =>
  begun + exchange!.route.spec.options.head_timeout - monotonicNow();

/** Milliseconds until the whole has to be done. */
export const timeLeft = ({ exchange }: Connection): number => Math.max(1, exchange!.expires - monotonicNow());
