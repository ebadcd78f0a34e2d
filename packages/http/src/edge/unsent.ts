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

/** The client has gone before it took its answers: nginx's number for that is in the log. */
export function dropUnsent(
  connection: Connection,
  sink: LineSink,
  release: (segment: Segment) => void,
): void {
  for (const segment of connection.unsent ?? []) {
    for (const { record, begun } of segment.records)
      logAccess(sink, { ...record, status: 499, bytes: 0, ttlb: monotonicNow() - begun });
    release(segment);
    letGo(segment.held);
  }
  connection.unsent = null;
}
