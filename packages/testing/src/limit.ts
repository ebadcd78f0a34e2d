/** Runs so many actions at a time, in the order in which they came. */
export interface Limit {
  run<T>(action: () => Promise<T>): Promise<T>;
  /** Settles when none is under way or waits. */
  idle(): Promise<void>;
}

export function createLimit(count: number): Limit {
  const running = new Set<Promise<unknown>>();
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async run(action) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      const result = action();
      running.add(result);
      try {
        return await result;
      } finally {
        running.delete(result);
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
    async idle() {
      while (running.size > 0 || waiting.length > 0) await Promise.allSettled(running);
    },
  };
}
