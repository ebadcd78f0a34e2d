// What only the tools for authors ask of a process that runs libraries. Bound when asked: a server never does.
import { constants } from 'node:os';
import koffi from 'koffi';

/** Of glibc 2.33 and newer: size_t, ten of them. */
const members = [
  'arena',
  'ordblks',
  'smblks',
  'hblks',
  'hblkhd',
  'usmblks',
  'fsmblks',
  'uordblks',
  'fordblks',
  'keepcost',
] as const;
type Mallinfo = Record<(typeof members)[number], number>;

let mallinfo2: (() => Mallinfo) | null | undefined;

/** What malloc(3) has given away, and what it holds of the system's memory for that, in bytes; null: an older glibc. */
export function allocated(): { used: number; held: number } | null {
  if (mallinfo2 === undefined) {
    try {
      const fields = Object.fromEntries(members.map((name) => [name, 'size_t']));
      const info = koffi.struct(fields);
      mallinfo2 = koffi.load('libc.so.6').func('mallinfo2', info, []) as () => Mallinfo;
    } catch {
      mallinfo2 = null;
    }
  }
  if (!mallinfo2) return null;
  const { uordblks, hblkhd, arena } = mallinfo2();
  return { used: Number(uordblks) + Number(hblkhd), held: Number(arena) + Number(hblkhd) };
}

let tgkill: ((process: number, thread: number, signal: number) => number) | undefined;

/**
 * Raises SIGABRT in a thread of this process (tgkill(2)). One that is inside a library's call leaves it, with Outcome.crashed
 * and the report of where it was; any other ends the process. False: this glibc (before 2.30) can't, or there is no such thread.
 */
export function interruptThread(thread: number): boolean {
  try {
    tgkill ??= koffi.load('libc.so.6').func('int tgkill(int, int, int)');
    return tgkill!(process.pid, thread, constants.signals.SIGABRT) === 0;
  } catch {
    return false;
  }
}
