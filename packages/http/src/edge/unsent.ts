// Answers that a slow client has not taken yet. Only those make objects.
import { type Call, monotonicNow, type Sockets } from '@flexilib/native';
import { type AccessRecord, type LineSink, logAccess } from '../access.ts';
import { hold, letGo } from '../held.ts';
import type { Connection } from './connection.ts';

/** Bytes in a row, and whose memory they are. */
export interface Segment {
  address: number;
  length: number;
  /** As it was made. */
  readonly held: number;
  /** One of them is the memory, and is kept until all is sent. */
  call: Call | null;
  buffer: Buffer | null;
  /** Of an upstream's answer; -1: none. */
  slab: number;
  records: Pending[];
}

/** A line of the log that waits until its answer's last byte is sent. */
export interface Pending {
  record: AccessRecord;
  /** Monotonic milliseconds: the head was complete. */
  begun: number;
  /** Bytes of the segment after the answer's last one. */
  rest: number;
}

/** The client takes it when it can. */
export function keepUnsent(connection: Connection, segment: Omit<Segment, 'held'>): void {
  hold(segment.length);
  connection.unsent ??= [];
  connection.unsent.push({ ...segment, held: segment.length });
}

/** Sends on. True: all is sent; false: the client must take more first. Gives a negative errno when it has gone. */
export function sendUnsent(
  connection: Connection,
  sockets: Sockets,
  sink: LineSink,
  release: (segment: Segment) => void,
): boolean | number {
  const { unsent } = connection;
  while (unsent && unsent.length > 0) {
    const segment = unsent[0];
    const sent = sockets.send(connection.fd, segment.address, segment.length);
    if (sent < 0) return sent;
    segment.address += sent;
    segment.length -= sent;
    while (segment.records.length > 0 && segment.records[0].rest >= segment.length) {
      const { record, begun } = segment.records.shift()!;
      record.ttlb = monotonicNow() - begun;
      logAccess(sink, record);
    }
    if (segment.length > 0) return false;
    release(segment);
    letGo(segment.held);
    unsent.shift();
  }
  connection.unsent = null;
  return true;
}

/**
 * The client has gone before it took its answers: nginx's number for that is in the log. Of what an upstream has said the
 * log has what was sent. Gives the bytes that are of an answer which isn't whole yet.
 */
export function dropUnsent(
  connection: Connection,
  sink: LineSink,
  release: (segment: Segment) => void,
): number {
  let unsent = 0; // of the answer that is looked at
  for (const segment of connection.unsent ?? []) {
    unsent += segment.length;
    for (const { record, begun, rest } of segment.records) {
      const bytes = segment.slab < 0 ? 0 : Math.max(0, record.bytes - (unsent - rest));
      logAccess(sink, { ...record, status: 499, bytes, ttlb: monotonicNow() - begun });
      unsent = rest;
    }
    release(segment);
    letGo(segment.held);
  }
  connection.unsent = null;
  return unsent;
}
