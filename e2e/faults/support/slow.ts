// Slow clients outside of the process that measures, so that they don't disturb it. When the connection of one has ended,
// another takes its place: there are always so many.
import { execFileSync, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryFolder } from '../../support/server.ts';

export type Kind = 'headers' | 'body' | 'reader';

export interface Crowd {
  /** All of them have been connected. */
  readonly complete: boolean;
  /** Of the connections that have ended: after how many milliseconds, and the status that they were answered with, or 0. */
  readonly ended: { after: number; status: number }[];
  stop(): void;
}

const PIECE_MS = 500;
/** Sent at once; then, again and again, a piece. */
const ways = {
  headers: { first: 'GET / HTTP/1.1\r\nHost: a\r\n', piece: 'X: a\r\n' },
  body: { first: 'POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nb', piece: '' },
};

/** More than the kernel takes, and for a thousand less than what is held for all clients. */
const TARGET = '/big/450000';

function buildReaders(): string {
  const program = join(temporaryFolder(), 'readers');
  execFileSync('zig', ['cc', '-O1', join(import.meta.dirname, 'readers.c'), '-o', program], {
    stdio: 'inherit',
  });
  return program;
}

export function crowd(port: number, kind: Kind, count: number): Crowd {
  const [program, args] =
    kind === 'reader'
      ? [buildReaders(), [`${port}`, `${count}`, TARGET]]
      : [process.execPath, [import.meta.filename, `${port}`, `${count}`, kind]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const seen = { complete: false, ended: [] as Crowd['ended'], stop: () => void child.kill('SIGKILL') };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [after, status = 0] = line.split(' ').map(Number);
    if (line === 'all') seen.complete = true;
    else seen.ended.push({ after, status });
  });
  return seen;
}

function beSlow(port: number, count: number, { first, piece }: (typeof ways)['body']): void {
  let begun = 0;

  function begin(): void {
    const since = performance.now();
    const socket = connect(port, '127.0.0.1');
    let status = 0;
    let timer: NodeJS.Timeout | undefined;
    socket.on('connect', () => {
      socket.write(first);
      if (piece) timer = setInterval(() => socket.write(piece), PIECE_MS);
      begun += 1;
      if (begun === count) console.log('all');
    });
    socket.on('data', (data) => {
      status = Number(/^HTTP\/1\.1 (\d{3})/.exec(data.toString('latin1'))?.[1] ?? status);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      console.log(`${Math.round(performance.now() - since)} ${status}`);
      setTimeout(begin, 10);
    });
  }

  // Not all at the same moment.
  let started = 0;
  const starting = setInterval(() => {
    for (let i = 0; i < 10 && started < count; i++, started++) begin();
    if (started === count) clearInterval(starting);
  }, 10);
}

const [port, count, kind] = process.argv.slice(2);
if (process.argv[1] === import.meta.filename)
  beSlow(Number(port), Number(count), ways[kind as keyof typeof ways]);
