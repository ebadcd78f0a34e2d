// Deadlines by the ten thousand with one timer: a hashed wheel. Moving a deadline later costs nothing, since a
// member stays where it is linked, and is linked anew when its slot comes up too early.

const TICK_MS = 32;
const SLOTS = 2048; // 65 s: the usual timeouts fit in one turn

/** What can have a deadline. The fields are the wheel's. */
export class Timed {
  /** In ticks; 0: none. */
  deadline = 0;
  /** The tick of the slot that it is linked in; 0: not linked. */
  linkedAt = 0;
  /** It has passed, and onDeadline is about to be told. */
  due = false;
  next: Timed | null = null;
  previous: Timed | null = null;
}

export interface Wheel {
  /** Sets or moves the deadline, in milliseconds from now (as of the last touch). It passes at most 100 ms late. */
  set(timed: Timed, milliseconds: number): void;
  /** Takes the deadline away. */
  clear(timed: Timed): void;
  /** Forgets the member altogether. */
  remove(timed: Timed): void;
  /** Tells the time: monotonic milliseconds. */
  touch(now: number): void;
  close(): void;
}

/**
 * onDeadline: it has passed, and was taken away. What the loop has for a member by then comes first: when something
 * has held the loop up, an answer or bytes that came in time are not late. now: monotonic milliseconds.
 */
export function createWheel(now: () => number, onDeadline: (timed: Timed) => void): Wheel {
  const slots: (Timed | null)[] = new Array(SLOTS).fill(null);
  const origin = now() - TICK_MS; // no tick is 0
  let current = 1;
  let turned = 1; // the last tick whose slot was emptied
  let armedFor = 0;
  let timer: NodeJS.Timeout | undefined;
  let count = 0;
  let due: Timed[] = [];

  function link(timed: Timed, tick: number): void {
    const slot = tick % SLOTS;
    const first = slots[slot];
    timed.linkedAt = tick;
    timed.next = first;
    timed.previous = null;
    if (first) first.previous = timed;
    slots[slot] = timed;
    count++;
    if (armedFor === 0 || tick < armedFor) arm(tick);
  }

  function unlink(timed: Timed): void {
    if (timed.previous) timed.previous.next = timed.next;
    else slots[timed.linkedAt % SLOTS] = timed.next;
    if (timed.next) timed.next.previous = timed.previous;
    timed.next = null;
    timed.previous = null;
    timed.linkedAt = 0;
    count--;
  }

  function arm(tick: number): void {
    clearTimeout(timer);
    armedFor = tick;
    timer = setTimeout(turn, Math.max(1, origin + tick * TICK_MS - now()));
  }

  /** Empties the slots up to now, and arms the timer for the next that isn't empty. */
  function turn(): void {
    wheel.touch(now());
    const to = current;
    const from = Math.max(turned + 1, to - SLOTS + 1);
    turned = to;
    armedFor = to; // what is linked anew doesn't arm it: others may come before
    for (let tick = from; tick <= to; tick++) {
      for (let timed = slots[tick % SLOTS]; timed !== null; ) {
        const { next } = timed;
        // Others may be in the slot for its next time round.
        if (timed.linkedAt <= to) pass(timed, to);
        timed = next;
      }
    }
    armedFor = 0;
    if (due.length > 0) setImmediate(tell); // after the loop has polled
    if (count === 0) return;
    let tick = to + 1;
    while (slots[tick % SLOTS] === null) tick++;
    arm(tick);
  }

  function pass(timed: Timed, to: number): void {
    unlink(timed);
    if (timed.deadline > to) link(timed, Math.min(timed.deadline, to + SLOTS - 1));
    else if (timed.deadline !== 0) {
      timed.deadline = 0;
      timed.due = true;
      due.push(timed);
    }
  }

  function tell(): void {
    const passed = due;
    due = [];
    wheel.touch(now());
    for (const timed of passed) {
      if (!timed.due) continue;
      timed.due = false;
      onDeadline(timed);
    }
  }

  const wheel: Wheel = {
    set(timed, milliseconds) {
      const tick = current + Math.ceil(milliseconds / TICK_MS) + 1;
      timed.deadline = tick;
      timed.due = false;
      if (timed.linkedAt !== 0 && timed.linkedAt <= tick) return;
      if (timed.linkedAt !== 0) unlink(timed);
      link(timed, Math.min(tick, current + SLOTS - 1));
    },
    clear(timed) {
      timed.deadline = 0;
      timed.due = false;
    },
    remove(timed) {
      timed.deadline = 0;
      timed.due = false;
      if (timed.linkedAt !== 0) unlink(timed);
    },
    touch(time) {
      current = Math.floor((time - origin) / TICK_MS);
    },
    close: () => clearTimeout(timer),
  };
  return wheel;
}
