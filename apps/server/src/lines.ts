// Lines to a file descriptor that may be slow, blocked, full or closed, and never stops the server. Whoever has a
// line puts its bytes where they are written from. Two buffers take turns, one is filled while the other is written;
// a line makes no garbage, a batch next to none, and pages that no batch has needed yet are not there.
import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** PIPE_BUF of Linux: writes up to this size keep their lines whole where processes share a pipe (pipe(7)). */
const PIPE_BUF = 4096;
/** Well below what a pipe holds (64 KiB), so that its reader isn't outrun by one batch. */
const PIPE_BATCH = 4 * PIPE_BUF;
/** A write to anything else changes threads, which the lines of a busy server should not feel. */
const FILE_BATCH = 65_536;
const BACKLOG_MAX = 1 << 20;
const NEWLINE = 10;

/** How long after its first line a batch is written. */
const DELAY_MS = 20;
/** When a full pipe is tried again: at first, and at the latest. */
const FULL_MS = 1;
const FULL_MAX_MS = 50;
/** When what failed is tried again: disks are emptied, the readers of named pipes come back. */
const FAILED_MS = 1000;
/** When the first dropped lines are told, and how long the next ones wait then. */
const TELL_MS = 500;
const TELL_AGAIN_MS = 10_000;
const FLUSH_MS = 1000;

/** Where lines are put together, byte by byte. */
export interface LineSink {
  /** Where the next line may be written. Valid until the next commit. */
  readonly buffer: Uint8Array;
  /** The offset in `buffer` at which `max` bytes may be written, or -1: the line is dropped, and counted. */
  reserve(max: number): number;
  /** The line written at the reserved offset ends (exclusive) here; it ends with its newline. */
  commit(end: number): void;
}

export interface Lines extends LineSink {
  /** The line ends with its newline; past PIPE_BUF bytes it is cut. */
  write(line: string): void;
  /** Settles when everything is written or can't be, at the latest after a second. */
  flush(): Promise<void>;
}

/**
 * onTrouble: lines were dropped, told at most every ten seconds; or they can't be written, told once until they can.
 * Lines wait up to `delay` ms for others to be written with; 0 for none.
 */
export function createLines(fd: number, onTrouble: (text: string) => void, delay: number = DELAY_MS): Lines {
  const { shared, unblocked } = look(fd);
  const writeMax = shared ? PIPE_BUF : FILE_BATCH;
  /** From this many bytes on a batch doesn't wait for its time. */
  const batch = shared ? PIPE_BATCH : FILE_BATCH;

  let filling = Buffer.alloc(BACKLOG_MAX);
  let filled = 0;
  let writing = Buffer.alloc(BACKLOG_MAX);
  let written = 0;
  let end = 0;

  /** A write is under way, or will be tried again. */
  let busy = false;
  /** What has been filled has had its time. */
  let due = false;
  let waiting = false; // for that time
  let again: NodeJS.Timeout | undefined;
  let patience = FULL_MS;
  let failure = '';
  let dropped = 0;
  let telling: NodeJS.Timeout | undefined;
  let told = Number.NEGATIVE_INFINITY;
  let flushed: (() => void)[] = [];

  function onDue(): void {
    waiting = false;
    due = true;
    if (!busy) next();
  }

  /** Begins the next batch, if there is one to be written now. */
  function next(): void {
    busy = filled >= batch || (due && filled > 0);
    due = false;
    if (busy) {
      [filling, writing] = [writing, filling];
      end = filled;
      written = 0;
      filled = 0;
      push();
    } else if (filled === 0) settle();
  }

  function push(): void {
    again = undefined;
    if (unblocked < 0) {
      write(fd, writing, written, nextLength(), null, onWritten);
      return;
    }
    try {
      while (written < end) took(writeSync(unblocked, writing, written, nextLength()));
    } catch (error) {
      onError(error as NodeJS.ErrnoException);
      return;
    }
    next();
  }

  /** How much of the batch the next write takes: whole lines. */
  function nextLength(): number {
    const length = end - written;
    if (length <= writeMax) return length;
    const lines = writing.lastIndexOf(NEWLINE, written + writeMax - 1) + 1 - written;
    return lines > 0 ? lines : writeMax;
  }

  function onWritten(error: NodeJS.ErrnoException | null, count: number): void {
    if (error) {
      onError(error);
      return;
    }
    took(count);
    if (written < end) push();
    else next();
  }

  function took(count: number): void {
    written += count;
    patience = FULL_MS;
    failure = '';
    tellSoon();
  }

  function onError({ code = '', message }: NodeJS.ErrnoException): void {
    if (code === 'EAGAIN') {
      again = setTimeout(push, patience);
      patience = Math.min(2 * patience, FULL_MAX_MS);
      return;
    }
    again = setTimeout(push, FAILED_MS).unref();
    if (failure !== code) onTrouble(`the log can't be written: ${message}`);
    failure = code;
    settle();
  }

  function settle(): void {
    for (const resolve of flushed) resolve();
    flushed = [];
  }

  /** Not at once, since drops come in crowds; and not while lines can't be written, which was told. */
  function tellSoon(): void {
    if (dropped === 0 || telling || failure) return;
    const wait = Math.max(TELL_MS, told + TELL_AGAIN_MS - performance.now());
    telling = setTimeout(() => {
      telling = undefined;
      if (!failure) tell();
    }, wait).unref();
  }

  function tell(): void {
    if (dropped === 0) return;
    told = performance.now();
    const lines = `${dropped} log ${dropped === 1 ? 'line' : 'lines'} dropped`;
    dropped = 0;
    onTrouble(failure ? lines : `${lines}: nobody reads them fast enough`);
  }

  function reserve(max: number): number {
    if (end - written + filled + max <= BACKLOG_MAX) return filled;
    dropped++;
    tellSoon();
    return -1;
  }

  function commit(to: number): void {
    filled = to;
    if (!waiting && delay > 0) {
      waiting = true;
      setTimeout(onDue, delay);
    }
    if (delay === 0) due = true;
    if (!busy && (due || filled >= batch)) next();
  }

  return {
    get buffer() {
      return filling;
    },
    reserve,
    commit,

    write(line) {
      const at = reserve(PIPE_BUF);
      if (at < 0) return;
      let length = filling.write(line, at, PIPE_BUF);
      if (filling[at + length - 1] !== NEWLINE) {
        length = filling.write(line, at, PIPE_BUF - 4);
        length += filling.write('...\n', at + length);
      }
      commit(at + length);
    },

    flush() {
      tell();
      return new Promise((resolve) => {
        const late = setTimeout(resolve, FLUSH_MS);
        flushed.push(() => {
          clearTimeout(late);
          resolve();
        });
        due = true;
        if (again) {
          clearTimeout(again);
          push();
        } else if (!busy) next();
      });
    },
  };
}

/**
 * What is at a descriptor.
 * shared: several processes may write there at once, so that only small writes stay whole.
 * unblocked: for a pipe, a descriptor of our own whose writes never block, whatever those of the others do. It spares a
 * change of threads for each 4 KiB, of which one turn of the loop would have time for one. Otherwise -1, and a thread
 * of libuv's pool writes.
 */
function look(fd: number): { shared: boolean; unblocked: number } {
  try {
    const stats = fstatSync(fd);
    if (!stats.isFIFO()) return { shared: stats.isSocket(), unblocked: -1 };
    return {
      shared: true,
      // Another user's pipe, or no /proc: it throws, and the pool will do.
      unblocked: openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK),
    };
  } catch {
    return { shared: true, unblocked: -1 };
  }
}
