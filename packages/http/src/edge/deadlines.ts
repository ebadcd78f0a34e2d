// What happens to a connection whose time is up.
import { addressOf, monotonicNow } from '@flexilib/native';
import { ownReply, replyHead } from '../reply.ts';
import { Connection, Phase } from './connection.ts';
import type { Execute } from './execute.ts';
import { destroy, handOver } from './leave.ts';
import type { Parts } from './parts.ts';
import type { Serve } from './serve.ts';
import { keepUnsent } from './unsent.ts';
import type { Relay } from './upstream/relay.ts';

/** Gives what to do when the deadline of a connection has passed. */
export function createDeadlines(
  parts: Parts,
  execute: Execute,
  serve: Serve,
  relay: Relay,
): (connection: Connection) => void {
  const { slabs, connections, wheel, turns } = parts;

  /** A request that didn't arrive. */
  function refuse(connection: Connection): void {
    const { peer, from, methodLength, targetLength, headed } = connection;
    const line = slabs.bytes.toString('latin1', from, from + methodLength + 1 + targetLength);
    const reply = ownReply(408, false);
    const buffer = Buffer.concat([Buffer.from(replyHead(reply, true), 'latin1'), reply.body]);
    const own = Buffer.from(new Uint8Array(buffer).buffer);
    const record = {
      peer,
      requestLine: headed ? `${line} HTTP/1.1` : null,
      status: 408,
      ttfb: 0,
      bytes: reply.body.length,
      ttlb: 0,
      preAlloc: 0,
      alloc: 0,
    };
    connection.last = true;
    connection.phase = Phase.client;
    wheel.set(connection, parts.limits.send);
    const records = [{ record, begun: monotonicNow(), rest: 0 }];
    keepUnsent(connection, {
      address: addressOf(own),
      length: own.length,
      call: null,
      buffer: own,
      slab: -1,
      records,
    });
    serve.sendRest(connection);
  }

  /**
   * Its executor takes too long. The executor goes on, with what it was given; the connection goes on without it, as
   * a new object.
   */
  function answerLate(old: Connection): void {
    execute.expire(old, parts.runtime.abandon(old.call!));
    const connection = new Connection(old.fd, old.peer);
    connections.set(old.fd, connection);
    const { unsent, readable, ending, ended, gone } = old;
    Object.assign(connection, { unsent, readable, ending, ended, gone, phase: Phase.executor });
    old.unsent = null;
    old.fd = -1;
    wheel.remove(old);
    if (old.queued) turns.enqueue(connection);
    connection.last = old.last || !takeRest(old, connection);
    serve.onAnswer(connection);
  }

  /** Copies what was read after the request. False: there is no room for it. */
  function takeRest(old: Connection, connection: Connection): boolean {
    const start = old.contentStart + old.contentLength;
    if (start === old.to) return true;
    const slab = slabs.take();
    if (slab < 0) return false;
    connection.slab = slab;
    connection.contentStart = slab; // where the next request begins
    connection.to = slab + slabs.bytes.copy(slabs.bytes, slab, start, old.to);
    return true;
  }

  return (connection) => {
    // What it has sent in time is still in the queue.
    if (connection.queued && connection.phase !== Phase.executor && connection.phase !== Phase.upstream) {
      wheel.set(connection, 1);
      return;
    }
    switch (connection.phase) {
      case Phase.head:
      case Phase.body:
        if (connection.headed && connection.streams) handOver(parts, connection);
        else refuse(connection);
        return;
      case Phase.executor:
        if (connection.call !== null) answerLate(connection);
        return;
      case Phase.upstream:
        relay.expireClient(connection);
        return;
      case Phase.answered:
        return; // it is about to wait for something else
      default:
        destroy(parts, connection);
    }
  };
}
