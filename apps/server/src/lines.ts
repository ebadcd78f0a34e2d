// Lines to a file descriptor that may be slow, blocked or closed, and never stops the server. sonic-boom (pino's
// writer) does it: batches what comes while a write is under way, waits out EAGAIN, bounds the backlog.
import { SonicBoom } from 'sonic-boom';

/** PIPE_BUF of Linux: writes up to this size keep their lines whole where processes share a pipe (pipe(7)). */
const WRITE_MAX = 4096;
const BACKLOG_MAX = 1 << 20;

export interface Lines {
  /** The line ends with its newline and is no longer than PIPE_BUF. */
  write(line: string): void;
  /** Settles when everything is written, or a second has passed. */
  flush(): Promise<void>;
}

/** onTrouble: lines were dropped (told at most every ten seconds), or nobody can read them any more. */
export function createLines(fd: number, onTrouble: (text: string) => void): Lines {
  const boom = new SonicBoom({ fd, sync: false, maxWrite: WRITE_MAX, maxLength: BACKLOG_MAX });
  let closed = false;
  let dropped = 0;
  let told = Number.NEGATIVE_INFINITY;
  boom.on('drop', () => {
    dropped += 1;
    if (performance.now() - told < 10_000) return;
    told = performance.now();
    onTrouble(`${dropped} log lines dropped: nobody reads them fast enough`);
    dropped = 0;
  });
  boom.on('error', (error: NodeJS.ErrnoException) => {
    if (closed) return;
    closed = true;
    onTrouble(`the log can't be written: ${error.message}`);
  });
  return {
    write(line) {
      if (!closed) boom.write(line);
    },
    flush: () =>
      new Promise((resolve) => {
        if (closed) return resolve();
        setTimeout(resolve, 1000).unref();
        boom.flush(() => resolve());
      }),
  };
}
