// Medians and quartiles.

export interface Spread {
  median: number;
  low: number;
  high: number;
  count: number;
}

/** The value below which the fraction `p` of the sorted values lies, between two of them where it falls there. */
function quantile(sorted: number[], p: number): number {
  const at = (sorted.length - 1) * p;
  const below = Math.floor(at);
  const low = sorted[below]!;
  return low + ((sorted[below + 1] ?? low) - low) * (at - below);
}

/** Undefined without values. */
export function spread(values: (number | undefined)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
  if (sorted.length === 0) return undefined;
  sorted.sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((p) => quantile(sorted, p)) as [number, number, number];
  return { median, low, high, count: sorted.length };
}

export function shuffle<T>(items: readonly T[]): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
