// What goes from an upstream to a client, without being copied: what the client doesn't take keeps its slab.
import { Errno, monotonicNow } from '@flexilib/native';
import { type AccessRecord, logRequest } from '../../access.ts';
import type { Connection } from '../connection.ts';
import type { Parts } from '../parts.ts';
import { keepUnsent } from '../unsent.ts';
import type { Exchange } from './exchange.ts';

/** What became of bytes for a client. */
export const Delivered = { all: 0, kept: 1, failed: 2 } as const;

/**
 * Sends bytes[from..to) of a slab, after what the client hasn't taken yet. Kept: the slab is the connection's until they
 * are sent. Failed: the client has gone.
 */
export function deliver(
  { sockets, slabs }: Parts,
  connection: Connection,
  slab: number,
  from: number,
  to: number,
): number {
  if (from === to) return Delivered.all;
  const address = slabs.address + from;
  let sent = connection.unsent === null ? sockets.send(connection.fd, address, to - from) : 0;
  if (sent === to - from) return Delivered.all;
  if (sent < 0 && sent !== Errno.again) return Delivered.failed;
  sent = Math.max(0, sent);
  const length = to - from - sent;
  keepUnsent(connection, { address: address + sent, length, call: null, buffer: null, slab, records: [] });
  return Delivered.kept;
}

/** Tells the log of the exchange when its last byte is sent: now, or when the client has taken it. */
export function tell(parts: Parts, connection: Connection, exchange: Exchange, status: number): void {
  const { peer, from, methodLength, targetLength, begun, unsent } = connection;
  const length = methodLength + 1 + targetLength;
  if (unsent === null) {
    const took = monotonicNow() - begun;
    const { bytes } = parts.slabs;
    logRequest(parts.log, peer, bytes, from, length, status, exchange.ttfb, exchange.sent, took, 0, 0);
    return;
  }
  const record: AccessRecord = {
    peer,
    requestLine: `${parts.slabs.bytes.toString('latin1', from, from + length)} HTTP/1.1`,
    status,
    ttfb: exchange.ttfb,
    bytes: exchange.sent,
    ttlb: 0,
    preAlloc: 0,
    alloc: 0,
  };
  unsent[unsent.length - 1].records.push({ record, begun, rest: 0 });
}
