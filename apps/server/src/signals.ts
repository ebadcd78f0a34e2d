import { constants } from 'node:os';
import { exitNow, type Supervisor } from '@flexilib/native';
import type { Log } from './log.ts';

export interface Commands {
  log: Log;
  supervisor: Supervisor | null;
  reload(): Promise<void>;
  /** Another process is to take this one's place. */
  suspect(why: string): void;
  /** These end the process by themselves. end: politely. */
  end(): Promise<void>;
  /** A successor serves: finish what is here. */
  leave(): Promise<void>;
  /** The supervisor is gone. */
  abandon(): Promise<void>;
}

/**
 * Does what the supervisor says, or signals: HUP reloads; the first TERM or INT ends politely, the second at once, as a
 * shell would report it. From here on the supervisor knows that this process serves.
 */
export function onCommands({ log, supervisor, suspect, reload, end, leave, abandon }: Commands): void {
  let ending = false;
  let leaving = false;

  function finish(how: () => Promise<void>): void {
    how().catch((error: Error) => {
      log.error(`at the end: ${error.stack}`);
      log.flush().finally(() => exitNow(1));
    });
  }

  function endPolitely(): void {
    if (!ending) finish(end);
    ending = true;
  }

  process.on('SIGCHLD', () => {}); // Node's handler stays, and is not taken for a library's
  process.on('SIGHUP', () => {
    if (!ending) reload();
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // Those of the server go to the supervisor; this one is about this process alone.
      if (supervisor && !ending) {
        suspect(`it was told to end by ${signal}`);
        return;
      }
      if (ending) exitNow(128 + constants.signals[signal]);
      log.info(`${signal}: finishing the requests in flight; once more exits at once`);
      endPolitely();
    });
  }
  supervisor?.ready((command) => {
    switch (command) {
      case 'reload':
        if (!ending && !leaving) reload();
        break;
      case 'end':
        endPolitely();
        break;
      case 'leave':
        if (!ending && !leaving) finish(leave);
        leaving = true;
        break;
      case 'orphaned':
        finish(abandon);
    }
  });
}
