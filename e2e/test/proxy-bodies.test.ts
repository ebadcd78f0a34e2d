// Bodies of any size go through, and the server holds next to nothing of them.
//
// FLEXILIB_BODY_GIB=10   their size, 1 by default
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Server, start, stopAll } from '../support/server.ts';
import { startUpstream, stopUpstreams } from '../support/upstream.ts';

afterEach(async () => {
  await stopAll();
  await stopUpstreams();
});

const MIB = 1 << 20;
const { FLEXILIB_BODY_GIB = '1' } = process.env;
const SIZE = Number(FLEXILIB_BODY_GIB) * 1024 * MIB;
/** By then V8 has had to collect buffers a few times. */
const WARM = 256 * MIB;
const GROWTH_MIB = 40;
const TIMEOUT_MS = 60_000 + (SIZE / MIB) * 40;

const zeros = Buffer.alloc(MIB);

let server: Server;
beforeEach(async () => {
  const upstream = await startUpstream();
  server = await start(`/ = http://127.0.0.1:${upstream.port}\n`);
});

/** MiB that are in memory. */
const resident = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024;

/** What it grows by while something is done, at most; what it needs for that it has by then. */
async function growth(run: (bytes: number) => Promise<void>): Promise<number> {
  await run(WARM);
  const before = resident();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, resident());
  }, 20);
  await run(SIZE);
  clearInterval(timer);
  const grown = Math.max(most, resident()) - before;
  console.log(`${FLEXILIB_BODY_GIB} GiB: RSS ${before.toFixed(1)} MiB, and ${grown.toFixed(1)} more`);
  return grown;
}

/** Reads an answer whose body is zeros, and gives its head; chunked ones as far as their framing goes. */
async function download(path: string, bytes: number): Promise<void> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`);
  let head = '';
  let zero = 0;
  let other = 0;
  for await (let piece of socket as AsyncIterable<Buffer>) {
    if (!head.endsWith('\r\n\r\n')) {
      const end = piece.indexOf('\r\n\r\n') + 4;
      expect(end).toBeGreaterThan(3);
      head = piece.toString('latin1', 0, end);
      piece = piece.subarray(end);
    }
    // Whatever isn't a zero belongs to the sizes of chunks.
    if (piece.equals(zeros.subarray(0, piece.length))) zero += piece.length;
    else {
      const nonzero = piece.reduce((sum, byte) => sum + Math.sign(byte), 0);
      other += nonzero;
      zero += piece.length - nonzero;
    }
  }
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(zero).toBe(bytes);
  if (/^content-length: /im.test(head)) expect(other).toBe(0);
}

/** Sends zeros, and reads how many bytes the upstream says it had. */
async function upload(bytes: number, chunked: boolean): Promise<void> {
  const socket = connect(server.port, '127.0.0.1');
  const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes}`;
  socket.write(`POST /discard HTTP/1.1\r\nHost: test\r\nConnection: close\r\n${framing}\r\n\r\n`);
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  let over = false;
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => {
      over = true;
      socket.emit('drain'); // nobody takes any more
      resolve();
    });
    socket.on('error', () => {});
  });
  const size = `${MIB.toString(16)}\r\n`;
  for (let sent = 0; sent < bytes && !over; sent += MIB) {
    socket.cork();
    if (chunked) socket.write(size);
    const ready = socket.write(zeros);
    if (chunked) socket.write('\r\n');
    socket.uncork();
    if (!ready && !over) await new Promise((resolve) => socket.once('drain', resolve));
  }
  if (chunked) socket.write('0\r\n\r\n');
  await ended;
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer.endsWith(`\r\n\r\n${bytes} bytes`)).toBe(true);
}

it.each([
  ['a response with its length', (bytes: number) => download(`/zeros/${bytes}`, bytes)],
  ['a response in chunks', (bytes: number) => download(`/zeros/${bytes}/chunked`, bytes)],
  ['a request with its length', (bytes: number) => upload(bytes, false)],
  ['a request in chunks', (bytes: number) => upload(bytes, true)],
])(
  `%s of ${FLEXILIB_BODY_GIB} GiB goes through a server that stays as it is`,
  { timeout: TIMEOUT_MS },
  async (_what, run) => {
    expect(await growth(run)).toBeLessThan(GROWTH_MIB);
  },
);

it('a client that reads slowly costs no more than one that doesn’t', async () => {
  await download(`/zeros/${WARM}`, WARM);
  const before = resident();
  const clients = Array.from({ length: 32 }, () => {
    const socket = connect(server.port, '127.0.0.1').pause();
    socket.write(`GET /zeros/${1024 * MIB} HTTP/1.1\r\nHost: test\r\n\r\n`);
    return socket;
  });
  let most = before;
  for (let i = 0; i < 30; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    most = Math.max(most, resident());
  }
  for (const socket of clients) socket.destroy();
  expect(most - before).toBeLessThan(GROWTH_MIB);
});
