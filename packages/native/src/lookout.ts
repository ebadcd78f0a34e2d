// Where calls are that were given up (runtime/lookout.c).
import { Buffer } from 'node:buffer';
import { addressOf } from './binding.ts';
import type { Call } from './call.ts';

/** A thread is asked again after so long: it may have to wait for a processor, or be where it can't tell. */
const PAUSES_MS = [10, 20, 40, 80, 160, 320];
const SIZE = 8192;

export interface Lookout {
  /** What the call's thread tells of where it is; null: nothing in time, or by its return. */
  follow(call: Call): Promise<string | null>;
  /** Calls may be freed from here on. */
  stop(): void;
}

export function createLookout(): Lookout {
  const text = Buffer.from(new ArrayBuffer(SIZE));
  const address = addressOf(text);
  let stopped = false;

  const look = (call: Call): string | null => {
    const length = call.look(address, SIZE);
    return length > 0 ? text.toString('latin1', 0, length) : null;
  };

  return {
    follow: (call) =>
      new Promise((resolve) => {
        const { done } = call;
        const pauses = PAUSES_MS.values();
        let timer: NodeJS.Timeout | undefined;
        const again = () => {
          const found = stopped ? null : look(call);
          const { value: pause } = pauses.next();
          if (found === null && pause !== undefined) timer = setTimeout(again, pause);
          else resolve(found);
        };
        call.done = (call) => {
          clearTimeout(timer);
          resolve(look(call)); // it may have told on its way out
          done?.(call);
        };
        again();
      }),
    stop() {
      stopped = true;
    },
  };
}
