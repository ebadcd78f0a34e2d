// What was done to the server, and when: by that its answers are judged. Times are those of performance.now().

/** A build, a reload, a damage: after this time nobody may still see what was before. */
export const SETTLED_MS = 1000;
/** A process that was replaced finishes what it has for so long (slots.c). */
const LEAVING_MS = 12_500;
/** What couldn't be read or copied for want of descriptors is tried again: the file after a second, the copy after two. */
const RETRY_MS = 3500;
/** After a kill connections break at once; the news takes a moment on a busy machine. */
const BREAK_MS = 1000;

export interface History {
  /** Build n was put in place; the last of those that come together settles them all. */
  installed(n: number, last: boolean): void;
  toggled(value: string): void;
  /** A process was killed. */
  killed(): void;
  /** No descriptors are left for so many milliseconds: no library can be loaded. */
  pressed(lasting: number): void;
  /** A process serves in another's place, which leaves. */
  replaced(): void;
  /** The oldest build that an answer may come from, and the newest. closing: of a process that may be leaving. */
  builds(sent: number, closing: boolean): { oldest: number; newest: number };
  toggles(sent: number, closing: boolean): Set<string>;
  /** Whether a process may be leaving now. */
  readonly leaving: boolean;
  /** Whether a library may have failed to load for want of descriptors. */
  readonly scarce: boolean;
  /** The kill that broke a connection, which was open since then. */
  killBehind(open: number): number | null;
}

export function createHistory(first: string): History {
  const settled: { n: number; at: number }[] = [];
  const values: { value: string; at: number }[] = [{ value: first, at: 0 }];
  const kills: number[] = [];
  let replacements: number[] = [];
  let newest = 0;
  let scarceUntil = 0;

  /** What an answer must know of: what had settled when its process was told to leave, if it was. */
  function known(sent: number, closing: boolean): number {
    const from = performance.now() - LEAVING_MS;
    replacements = replacements.filter((at) => at > from);
    return closing && replacements.length > 0 ? Math.min(sent, replacements[0]) : sent;
  }

  return {
    installed(n, last) {
      newest = n;
      if (last) settled.push({ n, at: Math.max(performance.now() + SETTLED_MS, scarceUntil) });
    },
    toggled: (value) => void values.push({ value, at: performance.now() }),
    killed: () => void kills.push(performance.now()),
    pressed(lasting) {
      scarceUntil = Math.max(scarceUntil, performance.now() + lasting + RETRY_MS);
      for (const build of settled)
        if (build.at > performance.now()) build.at = Math.max(build.at, scarceUntil);
    },
    replaced: () => void replacements.push(performance.now()),
    builds(sent, closing) {
      const time = known(sent, closing);
      return { oldest: settled.findLast(({ at }) => at <= time)?.n ?? 0, newest };
    },
    toggles(sent, closing) {
      const time = known(sent, closing);
      // In force at some time from then on, or just before.
      const firstAllowed = values.findLastIndex(({ at }) => at + SETTLED_MS <= time);
      return new Set(values.slice(Math.max(0, firstAllowed)).map(({ value }) => value));
    },
    get leaving() {
      return replacements.some((at) => at > performance.now() - LEAVING_MS);
    },
    get scarce() {
      return performance.now() < scarceUntil;
    },
    killBehind(open) {
      const time = performance.now();
      return kills.findLast((at) => at >= open && time - at < BREAK_MS) ?? null;
    },
  };
}
