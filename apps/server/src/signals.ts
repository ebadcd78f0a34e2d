import { constants } from 'node:os';
import { exitNow } from '@flexilib/native';
import type { Log } from './log.ts';

export interface SignalActions {
  reload(): Promise<void>;
  /** Ends the process by itself. */
  end(): Promise<void>;
  log: Log;
}

/** HUP reloads; the first TERM or INT ends politely, the second at once, as a shell would report it. */
export function onSignals({ reload, end, log }: SignalActions): void {
  let ending = false;
  process.on('SIGHUP', () => {
    if (!ending) reload();
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (ending) exitNow(128 + constants.signals[signal]);
      ending = true;
      log.info(`${signal}: finishing the requests in flight; once more exits at once`);
      end().catch((error: Error) => {
        log.error(`at the end: ${error.stack}`);
        log.flush().finally(() => exitNow(1));
      });
    });
  }
}
