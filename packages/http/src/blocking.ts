// An executor that runs on the event loop holds up everyone: one that says it never blocks, and does, is named.

/** Longer than this on the loop is too long. */
const BLOCKED_MS = 50;
/** The same library is named again after this time. */
const SILENCE_MS = 60_000;

/** Takes the milliseconds that each inline call took. now: monotonic milliseconds. */
export type BlockingWatch = (path: string, milliseconds: number, now: number) => void;

export function createBlockingWatch(onFault: (path: string, text: string) => void): BlockingWatch {
  const told = new Map<string, number>();
  return (path, milliseconds, now) => {
    if (milliseconds < BLOCKED_MS) return;
    const last = told.get(path);
    if (last !== undefined && now - last < SILENCE_MS) return;
    told.set(path, now);
    const text = `blocked the event loop for ${Math.round(milliseconds)} ms, and every request with it`;
    onFault(path, `${text}; without flexilib_nonblocking and with run = pool it has threads of its own`);
  };
}
