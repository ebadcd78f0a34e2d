// The answers that are made in one go, in one run of bytes: many pipelined requests are one send(2). Executors write
// into the window themselves, and what the log will tell of each answer is kept as numbers until it has left.
import { addressOf, type Call, monotonicNow, type Sockets } from '@flexilib/native';
import { type AccessRecord, type LineSink, logRequest } from '../access.ts';
import { type Reply, replyHead } from '../reply.ts';
import type { Connection } from './connection.ts';
import { keepUnsent, type Pending } from './unsent.ts';

const WINDOW = 64 << 10;
/** An answer is not begun with less room than this. */
const ROOM = 4096;
const ANSWERS_MAX = 64;

// What is kept of an answer.
const START = 0;
const LENGTH = 1;
const STATUS = 2;
const BEGUN = 3;
const DECIDED = 4;
const SENT = 5;
const PRE_ALLOC = 6;
const ALLOC = 7;
const END = 8;
const NUMBERS = 9;

export interface Answers {
  /** Where the next answer may be written, and how much fits. */
  readonly address: number;
  readonly room: number;
  /** They must be sent before there is another. */
  readonly full: boolean;
  /** An executor's answer. True: its memory is needed until the answer is sent (the call is kept). */
  addCall(connection: Connection, call: Call): boolean;
  /** One of the server's own. decided: monotonic milliseconds. call: what the log tells of memory, if there was one. */
  addOwn(connection: Connection, reply: Reply, last: boolean, decided: number, call: Call | null): void;
  /** Sends them all. False: the client takes no more now, and the connection's `unsent` has the rest. */
  send(connection: Connection): boolean;
  /** Forgets them. */
  discard(): void;
}

/** requests: the bytes in which the connections' requests are. */
export function createAnswers(sockets: Sockets, requests: Buffer, sink: LineSink): Answers {
  const window = sockets.area(WINDOW);
  const table = new Float64Array(ANSWERS_MAX * NUMBERS);
  let used = 0;
  let count = 0;

  function note(
    connection: Connection,
    status: number,
    decided: number,
    sent: number,
    call: Call | null,
  ): void {
    const row = NUMBERS * count;
    table[row + START] = connection.from;
    table[row + LENGTH] = connection.methodLength + 1 + connection.targetLength;
    table[row + STATUS] = status;
    table[row + BEGUN] = connection.begun;
    table[row + DECIDED] = decided;
    table[row + SENT] = sent;
    table[row + PRE_ALLOC] = call === null ? 0 : call.preAlloc;
    table[row + ALLOC] = call === null ? 0 : call.alloc;
    table[row + END] = used;
    count += 1;
  }

  /** Tells the log of the answers from `first` on. */
  function tell(connection: Connection, first: number, end: number): void {
    const now = monotonicNow();
    for (let row = NUMBERS * first; row < NUMBERS * end; row += NUMBERS) {
      const begun = table[row + BEGUN];
      logRequest(
        sink,
        connection.peer,
        requests,
        table[row + START],
        table[row + LENGTH],
        table[row + STATUS],
        table[row + DECIDED] - begun,
        table[row + SENT],
        now - begun,
        table[row + PRE_ALLOC],
        table[row + ALLOC],
      );
    }
  }

  function pending(connection: Connection, index: number, length: number): Pending {
    const row = table.subarray(NUMBERS * index, NUMBERS * (index + 1));
    const line = requests.toString('latin1', row[START], row[START] + row[LENGTH]);
    const record: AccessRecord = {
      peer: connection.peer,
      requestLine: `${line} HTTP/1.1`,
      status: row[STATUS],
      ttfb: row[DECIDED] - row[BEGUN],
      bytes: row[SENT],
      ttlb: 0,
      preAlloc: row[PRE_ALLOC],
      alloc: row[ALLOC],
    };
    return { record, begun: row[BEGUN], rest: length - row[END] };
  }

  function keepWindow(connection: Connection, sent: number): void {
    let first = 0;
    while (first < count && table[NUMBERS * first + END] <= sent) first++;
    tell(connection, 0, first);
    const records: Pending[] = [];
    for (let i = first; i < count; i++) records.push(pending(connection, i, used));
    const buffer = Buffer.from(new ArrayBuffer(used - sent));
    window.bytes.copy(buffer, 0, sent, used);
    keepUnsent(connection, {
      address: addressOf(buffer),
      length: buffer.length,
      buffer,
      call: null,
      slab: -1,
      records,
    });
  }

  function send(connection: Connection): boolean {
    if (count === 0) return connection.unsent === null;
    const sent = connection.unsent === null ? sockets.send(connection.fd, window.address, used) : 0;
    const all = sent === used;
    if (all) tell(connection, 0, count);
    else keepWindow(connection, Math.max(0, sent));
    used = 0;
    count = 0;
    return all;
  }

  /** An answer in memory of the call, after those that are in the window. */
  function sendApart(connection: Connection, call: Call, length: number): boolean {
    let sent = 0;
    if (send(connection)) sent = Math.max(0, sockets.send(connection.fd, call.out, length));
    note(connection, call.status, call.returned, call.bodyLength, call);
    if (sent === length) tell(connection, 0, 1);
    else {
      const records = [pending(connection, 0, 0)];
      keepUnsent(connection, {
        address: call.out + sent,
        length: length - sent,
        call,
        buffer: null,
        slab: -1,
        records,
      });
    }
    count = 0;
    return sent < length;
  }

  return {
    get address() {
      return window.address + used;
    },
    get room() {
      return WINDOW - used;
    },
    get full() {
      return count === ANSWERS_MAX || WINDOW - used < ROOM;
    },
    addCall(connection, call) {
      const length = call.headLength + call.bodyLength;
      if (call.out !== window.address + used) return sendApart(connection, call, length);
      used += length;
      note(connection, call.status, call.returned, call.bodyLength, call);
      return false;
    },
    addOwn(connection, reply, last, decided, call) {
      used += window.bytes.write(replyHead(reply, last), used, 'latin1');
      used += reply.body.copy(window.bytes, used);
      note(connection, reply.status, decided, reply.body.length, call);
    },
    send,
    discard() {
      used = 0;
      count = 0;
    },
  };
}
