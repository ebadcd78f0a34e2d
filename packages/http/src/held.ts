// What is held for clients, over all connections of both doors: bodies that arrive, answers that they don't take. The
// edge's slabs have a bound of their own.

const HELD_MAX = 512 << 20;
let held = 0;

/** Bytes. */
export const heldBytes = (): number => held;

/** As much is held as may be: requests that would add to it are refused. */
export const isFull = (): boolean => held > HELD_MAX;

export function hold(bytes: number): void {
  held += bytes;
}

/** What was held isn't any more. */
export function letGo(bytes: number): void {
  held -= bytes;
}
