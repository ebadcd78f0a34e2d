import { performance } from 'node:perf_hooks';
import { hrtime } from 'node:process';

const offset = Number(hrtime.bigint()) / 1e6 - performance.now();

/** CLOCK_MONOTONIC in milliseconds, as the runtime's threads read it (clock_gettime(2)). */
export function monotonicNow(): number {
  return performance.now() + offset;
}
