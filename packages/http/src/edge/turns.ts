// Turns on the event loop: it has other guests, so what isn't done after a while goes on in its next turn.
import { monotonicNow } from '@flexilib/native';
import type { Connection } from './connection.ts';

const TURN_MS = 2;

export interface Turns {
  /** Begins the time of a turn. now: monotonic milliseconds. */
  begin(now: number): void;
  /** True: whoever has more to do should enqueue itself. */
  readonly over: boolean;
  /** It has something to do; run follows. */
  enqueue(connection: Connection): void;
  /** It has something to do, and the time is up. */
  defer(connection: Connection): void;
  /** Serves the queue in order. False: the time is up, and the rest follows by itself. */
  run(): boolean;
}

/** onTurn: told the time when a turn begins by itself. */
export function createTurns(serve: (connection: Connection) => void, onTurn: (now: number) => void): Turns {
  const queue: Connection[] = [];
  let ends = 0;
  let continuing = false;

  function continueLater(): void {
    if (continuing) return;
    continuing = true;
    setImmediate(() => {
      continuing = false;
      const now = monotonicNow();
      onTurn(now);
      turns.begin(now);
      turns.run();
    });
  }

  const turns: Turns = {
    begin(now) {
      ends = now + TURN_MS;
    },
    get over() {
      return monotonicNow() > ends;
    },
    enqueue(connection) {
      if (connection.queued) return;
      connection.queued = true;
      queue.push(connection);
    },
    defer(connection) {
      turns.enqueue(connection);
      continueLater();
    },
    run() {
      for (let i = 0; i < queue.length; i++) {
        if (i > 0 && turns.over) {
          queue.splice(0, i);
          continueLater();
          return false;
        }
        const connection = queue[i];
        connection.queued = false;
        serve(connection);
      }
      queue.length = 0;
      return true;
    },
  };
  return turns;
}
