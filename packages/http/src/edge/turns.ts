// Turns on the event loop: it has other guests, so what isn't done after a while goes on in its next turn.
import { monotonicNow } from '@flexilib/native';

const TURN_MS = 2;

/** Who has turns. The field is theirs. */
export interface Guest {
  /** It is in the queue. */
  queued: boolean;
}

export interface Turns<G extends Guest> {
  /** Begins the time of a turn. now: monotonic milliseconds. */
  begin(now: number): void;
  /** True: whoever has more to do should enqueue itself. */
  readonly over: boolean;
  /** It has something to do; run follows. */
  enqueue(guest: G): void;
  /** It has something to do, and the time is up. */
  defer(guest: G): void;
  /** Serves the queue in order. False: the time is up, and the rest follows by itself. */
  run(): boolean;
}

/** onTurn: told the time when a turn begins by itself. */
export function createTurns<G extends Guest>(
  serve: (guest: G) => void,
  onTurn: (now: number) => void,
): Turns<G> {
  const queue: G[] = [];
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

  const turns: Turns<G> = {
    begin(now) {
      ends = now + TURN_MS;
    },
    get over() {
      return monotonicNow() > ends;
    },
    enqueue(guest) {
      if (guest.queued) return;
      guest.queued = true;
      queue.push(guest);
    },
    defer(guest) {
      turns.enqueue(guest);
      continueLater();
    },
    run() {
      for (let i = 0; i < queue.length; i++) {
        if (i > 0 && turns.over) {
          queue.splice(0, i);
          continueLater();
          return false;
        }
        const guest = queue[i];
        guest.queued = false;
        serve(guest);
      }
      queue.length = 0;
      return true;
    },
  };
  return turns;
}
