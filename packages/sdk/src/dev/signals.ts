import { constants } from 'node:os';
import type { Server } from './server.ts';

const PARENT_MS = 500;

/** The server ends as it is told, and this process with it; a terminal that goes away ends both. server: null before it runs. */
export function endOnSignals(server: () => Server | null): void {
  const end = (name: NodeJS.Signals) => {
    const running = server();
    if (running) running.signal(name);
    else process.exit(128 + constants.signals[name]);
  };
  process.on('SIGINT', () => end('SIGINT'));
  for (const name of ['SIGTERM', 'SIGHUP'] as const) process.on(name, () => end('SIGTERM'));
  // A shell between npm and this process doesn't pass npm's SIGTERM on, it just goes.
  if (process.env.npm_lifecycle_event === undefined) return;
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer); // a second SIGTERM would cut requests off
    end('SIGTERM');
  }, PARENT_MS);
  timer.unref();
}
