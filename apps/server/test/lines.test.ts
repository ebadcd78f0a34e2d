import { execFileSync } from 'node:child_process';
import fs, { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLines, type Lines } from '../src/lines.ts';

/** What each write was given, and how many bytes of it may go. */
const kernel = vi.hoisted(() => ({ writes: [] as string[], atMost: Number.POSITIVE_INFINITY }));

vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  type Write = (
    fd: number,
    bytes: Buffer,
    at: number,
    length: number,
    position: null,
    done: () => void,
  ) => void;
  const note = (bytes: Buffer, at: number, length: number) => {
    kernel.writes.push(bytes.toString('latin1', at, at + length));
    return Math.min(length, kernel.atMost);
  };
  const write: Write = (fd, bytes, at, length, position, done) =>
    real.write(fd, bytes, at, note(bytes, at, length), position, done);
  const writeSync = (fd: number, bytes: Buffer, at: number, length: number) =>
    real.writeSync(fd, bytes, at, note(bytes, at, length));
  return { ...real, write, writeSync };
});

const libc = koffi.load('libc.so.6');
const pipe2 = libc.func('int pipe2(int *fds, int flags)');
const socketpair = libc.func('int socketpair(int domain, int type, int protocol, int *fds)');
const dup2 = libc.func('int dup2(int from, int to)');
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const MIB = 1 << 20;
/** More than a pipe or a socket holds. */
const KERNEL_MAX = 400_000;

let folder: string;
let troubles: string[];
// Stay open to the end: a sink is for a process's life, and goes on with what it was given.
const open: number[] = [];
/** What the sink of this test says, not one of an earlier test. */
let trouble: (text: string) => void;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flexilib-lines-'));
  const mine: string[] = [];
  troubles = mine;
  trouble = (text) => {
    mine.push(text);
  };
  kernel.writes.length = 0;
  kernel.atMost = Number.POSITIVE_INFINITY;
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});
afterAll(() => open.forEach(closeSync));

type Ends = { fd: number; reader: number };

function pipe(flags = 0): Ends {
  const fds = new Int32Array(2);
  expect(pipe2(fds, flags)).toBe(0);
  return keep(fds[1], fds[0]);
}

function socket(): Ends {
  const fds = new Int32Array(2);
  expect(socketpair(AF_UNIX, SOCK_STREAM, 0, fds)).toBe(0);
  return keep(fds[1], fds[0]);
}

function keep(fd: number, reader: number): Ends {
  open.push(fd, reader);
  return { fd, reader };
}

function file(): { fd: number; text(): string } {
  const path = join(folder, 'log');
  const fd = openSync(path, 'a');
  open.push(fd);
  return { fd, text: () => readFileSync(path, 'latin1') };
}

function close(fd: number): void {
  open.splice(open.indexOf(fd), 1);
  closeSync(fd);
}

/** The n-th line: 110 bytes, as they are in life. */
const line = (n: number) => `${`${n} `.padEnd(109, 'x')}\n`;
const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => line(from + i)).join('');

/** Puts lines as the doors do; false for one that was dropped. */
function put(sink: Lines, text: string): boolean {
  const at = sink.reserve(300);
  if (at < 0) return false;
  const { buffer } = sink;
  for (let i = 0; i < text.length; i++) buffer[at + i] = text.charCodeAt(i);
  sink.commit(at + text.length);
  return true;
}

/** Gives the lines that were taken. */
function putAll(sink: Lines, from: number, to: number): string {
  let taken = '';
  for (let n = from; n < to; n++) if (put(sink, line(n))) taken += line(n);
  return taken;
}

/** How many lines were said to be dropped. */
function told(): number {
  return troubles.reduce((sum, text) => sum + Number(text.match(/^(\d+) log line/)?.[1] ?? 0), 0);
}

/** Megabytes of differences help nobody. */
function expectSame(text: string, expected: string): void {
  let at = 0;
  while (at < expected.length && text[at] === expected[at]) at++;
  if (text === expected) return;
  expect(`${text.length} bytes, from ${at} on ${text.slice(at, at + 200)}`).toBe(
    `${expected.length} bytes, from ${at} on ${expected.slice(at, at + 200)}`,
  );
}

/** Reads what is there and what comes, until `length` bytes are read. */
async function read(fd: number, length: number): Promise<string> {
  const piece = Buffer.alloc(65_536);
  let text = '';
  while (text.length < length) {
    const count = await new Promise<number>((resolve, reject) =>
      fs.read(fd, piece, 0, Math.min(piece.length, length - text.length), null, (error, n) => {
        if (error && error.code !== 'EAGAIN') reject(error);
        else resolve(n ?? 0);
      }),
    );
    if (count === 0) await sleep(1);
    text += piece.toString('latin1', 0, count);
  }
  return text;
}

describe('batches', () => {
  it('writes lines together, some 20 ms after the first of them', async () => {
    const { fd, text } = file();
    const sink = createLines(fd, trouble);
    putAll(sink, 0, 5);
    await sleep(5);
    putAll(sink, 5, 10);
    expect(kernel.writes).toEqual([]);
    await vi.waitFor(() => expect(text()).toBe(lines(0, 10)), { interval: 5 });
    expect(kernel.writes).toHaveLength(1);
  });

  it('writes a line at once where no time is to be lost', async () => {
    const { fd } = file();
    const sink = createLines(fd, trouble, 0);
    put(sink, line(0));
    expect(kernel.writes).toEqual([line(0)]);
    await sink.flush();
  });

  it.each([
    ['file', 600, file],
    ['pipe', 150, pipe],
    ['socket', 150, socket],
  ])("doesn't wait for the time once there is enough: %s", async (_name, enough, make) => {
    const sink = createLines(make().fd, trouble);
    putAll(sink, 0, enough);
    expect(kernel.writes.length).toBeGreaterThan(0);
    await sink.flush();
  });

  it('writes large batches to a file', async () => {
    const { fd, text } = file();
    const sink = createLines(fd, trouble);
    expectSame(putAll(sink, 0, 5000), lines(0, 5000));
    await sink.flush();
    expectSame(text(), lines(0, 5000));
    expect(kernel.writes.length).toBeLessThan(20);
    expect(troubles).toEqual([]);
  });

  it('writes as much to a pipe as is there, within one turn of the loop', async () => {
    const { fd, reader } = pipe();
    const sink = createLines(fd, trouble);
    putAll(sink, 0, 500);
    expect(kernel.writes.join('').length).toBeGreaterThan(3 * 16_384);
    await Promise.all([sink.flush(), read(reader, 500 * 110)]);
  });

  it.each([
    ['pipe', pipe],
    ['socket', socket],
  ])('writes whole lines, at most PIPE_BUF bytes at once, to a %s', async (_name, make) => {
    const { fd, reader } = make();
    const sink = createLines(fd, trouble);
    const reading = read(reader, 5000 * 110);
    expectSame(putAll(sink, 0, 5000), lines(0, 5000));
    await sink.flush();
    expectSame(await reading, lines(0, 5000));
    for (const text of kernel.writes) {
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(text.endsWith('\n')).toBe(true);
    }
  });

  it.each([
    ['file', () => file().fd],
    ['pipe', () => pipe().fd],
  ])('goes on where a write to a %s ended early', async (_name, make) => {
    kernel.atMost = 1000;
    const sink = createLines(make(), trouble);
    putAll(sink, 0, 50);
    await sink.flush();
    expect(kernel.writes.map((text) => text.slice(0, 1000)).join('')).toBe(lines(0, 50));
  });

  it('takes no memory before it is needed', async () => {
    const before = process.memoryUsage.rss();
    const sinks = Array.from({ length: 50 }, () => createLines(file().fd, trouble));
    for (const sink of sinks) put(sink, line(0));
    await Promise.all(sinks.map((sink) => sink.flush()));
    expect(process.memoryUsage.rss() - before).toBeLessThan(20 * MIB);
  });
});

describe('strings', () => {
  it('are cut at PIPE_BUF bytes, between two characters', async () => {
    const { fd, text } = file();
    const sink = createLines(fd, trouble);
    sink.write('short\n');
    sink.write(`${'€'.repeat(3000)}\n`);
    sink.write('last\n');
    await sink.flush();
    const [short, long, last] = Buffer.from(text(), 'latin1').toString().split('\n');
    expect([short, last]).toEqual(['short', 'last']);
    expect(long).toBe(`${'€'.repeat(1364)}...`);
  });

  it('may be as long as PIPE_BUF', async () => {
    const { fd, text } = file();
    const sink = createLines(fd, trouble);
    sink.write(`${'x'.repeat(4095)}\n`);
    await sink.flush();
    expect(text()).toBe(`${'x'.repeat(4095)}\n`);
  });
});

describe('a reader that does not read', () => {
  it.each([
    ['pipe', () => pipe()],
    ['pipe that does not block', () => pipe(constants.O_NONBLOCK)],
    ['socket', () => socket()],
  ])('costs the lines past 1 MiB, which are counted: %s', async (_name, make) => {
    const { fd, reader } = make();
    const sink = createLines(fd, trouble);
    let taken = '';
    for (let n = 0; n < 20_000; n += 100) {
      taken += putAll(sink, n, n + 100);
      await sleep(0); // the loop goes on
    }
    expect(taken.length).toBeGreaterThan(MIB - 300);
    expect(taken.length).toBeLessThan(MIB + KERNEL_MAX);

    const started = performance.now();
    await sink.flush();
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(performance.now() - started).toBeLessThan(1500);
    const dropped = 20_000 - taken.length / 110;
    expect(told()).toBe(dropped);
    expect(troubles.at(-1)).toMatch(/^\d+ log lines dropped: nobody reads them fast enough$/);

    const reading = read(reader, taken.length + 110);
    await vi.waitFor(() => expect(put(sink, line(0))).toBe(true));
    expectSame(await reading, taken + line(0));
  });

  it('costs them no later when a large batch waits', async () => {
    const { fd, reader } = pipe();
    const sink = createLines(fd, trouble);
    let taken = putAll(sink, 0, 9000);
    let seen = await read(reader, 100_000); // now nearly all of it is being written
    await sleep(100);
    taken += putAll(sink, 9000, 20_000);
    expect(taken.length).toBeLessThan(MIB + KERNEL_MAX);
    seen += await read(reader, taken.length - seen.length);
    expectSame(seen, taken);
  });

  it('is told of soon, then at most every ten seconds', () => {
    vi.useFakeTimers();
    const { fd } = pipe();
    const sink = createLines(fd, trouble);
    const taken = putAll(sink, 0, 12_000).length / 110;
    expect(troubles).toEqual([]);
    vi.advanceTimersByTime(600);
    expect(troubles).toHaveLength(1);
    expect(told()).toBe(12_000 - taken);
    putAll(sink, 0, 1000);
    vi.advanceTimersByTime(9000);
    putAll(sink, 0, 1000);
    expect(troubles).toHaveLength(1);
    vi.advanceTimersByTime(1500);
    expect(troubles).toHaveLength(2);
    expect(told()).toBe(14_000 - taken);
    vi.advanceTimersByTime(60_000);
    expect(troubles).toHaveLength(2);
  });

  it('loses none when it is only slow', async () => {
    const { fd, reader } = pipe();
    const sink = createLines(fd, trouble);
    const text = putAll(sink, 0, 9000);
    let seen = '';
    while (seen.length < text.length) {
      seen += await read(reader, Math.min(40_000, text.length - seen.length));
      await sleep(5);
    }
    expectSame(seen, lines(0, 9000));
    expect(troubles).toEqual([]);
  });
});

describe('what can not be written', () => {
  it.each([
    ['pipe', pipe],
    ['socket', socket],
  ])('is told once when the reader of a %s is gone, and holds nobody up', async (_name, make) => {
    const { fd, reader } = make();
    const sink = createLines(fd, trouble);
    close(reader);
    put(sink, line(0));
    await vi.waitFor(() => expect(troubles).toHaveLength(1));
    expect(troubles[0]).toBe("the log can't be written: EPIPE: broken pipe, write");
    const taken = putAll(sink, 1, 20_000).length / 110;
    await sleep(1500); // it is tried again
    expect(troubles).toHaveLength(1);
    const started = performance.now();
    await sink.flush();
    expect(performance.now() - started).toBeLessThan(500);
    expect(troubles).toEqual([troubles[0], `${19_999 - taken} log lines dropped`]);
  });

  it('is written when a reader comes back', async () => {
    const path = join(folder, 'fifo');
    execFileSync('mkfifo', [path]);
    const reader = () => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const first = reader();
    const fd = openSync(path, 'w');
    open.push(fd);
    const sink = createLines(fd, trouble);
    closeSync(first);
    put(sink, line(0));
    await vi.waitFor(() => expect(troubles).toHaveLength(1));
    const second = reader();
    open.push(second);
    expect(await read(second, 110)).toBe(line(0));
  });

  it('is written when the disk has room again', async () => {
    const full = openSync('/dev/full', 'w');
    open.push(full);
    const { fd, text } = file();
    const sink = createLines(full, trouble);
    const taken = putAll(sink, 0, 11_000);
    await vi.waitFor(() => expect(troubles).toHaveLength(1));
    expect(troubles[0]).toBe("the log can't be written: ENOSPC: no space left on device, write");
    await sleep(1500);
    expect(troubles).toHaveLength(1);
    expect(dup2(fd, full)).toBe(full);
    await vi.waitFor(() => expectSame(text(), taken), { timeout: 3000 });
    await vi.waitFor(() => expect(told()).toBe(11_000 - taken.length / 110));
    expect(put(sink, line(0))).toBe(true);
    await sink.flush();
    expectSame(text(), taken + line(0));
  });
});
