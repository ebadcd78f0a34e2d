// How connections leave: closed by either side, or handed over.
import { Errno, monotonicNow } from '@flexilib/native';
import { logRequest } from '../access.ts';
import { type Connection, Phase } from './connection.ts';
import type { Parts } from './parts.ts';
import { SLAB_SIZE } from './slabs.ts';
import { dropUnsent } from './unsent.ts';

/** How long what a client still sends is read and thrown away after the last answer. */
const LINGER_MS = 2000;
const DISCARDS = 16;

/** Gives the memory of what was read back, if there is any. */
export function giveSlab({ slabs }: Parts, connection: Connection): void {
  if (connection.slab < 0) return;
  slabs.give(connection.slab, Math.max(connection.filled, connection.to - connection.slab));
  connection.slab = -1;
  connection.from = 0;
  connection.to = 0;
  connection.wanted = 0;
}

/** Takes it out of everything; its descriptor is the caller's. What an executor still uses stays until it returns. */
function forget(parts: Parts, connection: Connection): void {
  if (connection.phase === Phase.upstream) parts.abort(connection);
  parts.wheel.remove(connection);
  parts.connections.delete(connection.fd);
  connection.fd = -1;
  if (connection.call === null) giveSlab(parts, connection);
  parts.onLeft();
}

/** Closes it at once. Answers that were not taken, or not even given, are in the log as 499. */
export function destroy(parts: Parts, connection: Connection): void {
  const { fd } = connection;
  const unsent = dropUnsent(connection, parts.log, parts.release);
  if (
    connection.phase === Phase.executor ||
    connection.phase === Phase.upstream ||
    connection.phase === Phase.body
  ) {
    const { peer, from, methodLength, targetLength, begun, exchange } = connection;
    const sent = connection.phase === Phase.upstream ? Math.max(0, exchange!.sent - unsent) : 0;
    const took = monotonicNow() - begun;
    const length = methodLength + 1 + targetLength;
    logRequest(parts.log, peer, parts.slabs.bytes, from, length, 499, took, sent, took, 0, 0);
  }
  forget(parts, connection);
  // A process that a library forked may have it open, and then the set would go on telling of it.
  parts.sockets.unwatch(fd);
  parts.sockets.close(fd);
}

/** The last answer was sent: ends our side, and waits for the client's end, so that the answer arrives (RFC 9112 9.6). */
export function end(parts: Parts, connection: Connection): void {
  giveSlab(parts, connection);
  if (connection.ended || parts.sockets.end(connection.fd) < 0) {
    destroy(parts, connection);
    return;
  }
  connection.phase = Phase.end;
  parts.wheel.set(connection, LINGER_MS);
  discard(parts, connection);
}

/** Throws away what an ended connection's client still sends. */
export function discard(parts: Parts, connection: Connection): void {
  const { slabs, sockets } = parts;
  const slab = slabs.take();
  let received = slab < 0 ? 0 : 1;
  for (let i = 0; i < DISCARDS && received > 0; i++) {
    received = sockets.recv(connection.fd, slabs.address + slab, SLAB_SIZE);
  }
  if (slab >= 0) slabs.give(slab, SLAB_SIZE);
  if (received > 0) parts.turns.defer(connection);
  else if (received !== Errno.again) destroy(parts, connection);
}

/** Gives socket and bytes to node:http. */
export function handOver(parts: Parts, connection: Connection): void {
  const { fd, peer, from, to, found } = connection;
  const copy = Buffer.from(parts.slabs.bytes.subarray(from, to));
  parts.sockets.unwatch(fd);
  forget(parts, connection);
  parts.stats.handedOver += 1;
  try {
    parts.handOver(fd, peer, copy, found);
  } catch (error) {
    parts.sockets.close(fd);
    throw error;
  }
}
