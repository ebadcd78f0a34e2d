// Generated connections, on several lanes at a time.
import fc from 'fast-check';
import { expect } from 'vitest';
import { connection } from './connection.ts';
import type { Script } from './script.ts';

/** To make a failure smaller. */
const SHRINK_MS = 60_000;
const SHRINK_SILENCE = 1500;

export interface Generated {
  cases: number;
  seed: number;
  /** Of the run that a failure names; «»: all. */
  path: string;
}

/**
 * Fails with what differs, made smaller, and how to run it again. check: throws what differs; silence: for how long nothing
 * means the end, if it isn't the usual time.
 */
export async function generate<Lane>(
  lanes: readonly Lane[],
  { cases, seed, path }: Generated,
  check: (lane: Lane, script: Script, silence?: number) => Promise<unknown>,
): Promise<void> {
  let stopAt = Number.POSITIVE_INFINITY;
  let failing: Lane | undefined;
  const runs = lanes.map(async (lane, i) => {
    const property = fc.asyncProperty(connection, async (script) => {
      if (failing && (failing !== lane || performance.now() > stopAt)) return;
      try {
        await check(lane, script, failing && SHRINK_SILENCE);
      } catch (error) {
        // What makes it smaller may find another one.
        if (!failing) console.log((error as Error).message);
        failing ??= lane;
        if (stopAt === Number.POSITIVE_INFINITY) stopAt = performance.now() + SHRINK_MS;
        throw error;
      }
    });
    const numRuns = Math.ceil(cases / lanes.length);
    const details = await fc.check(property, { seed: seed + i, numRuns, path });
    if (!details.failed) return '';
    const again = `FLEXILIB_SEED=${details.seed} FLEXILIB_PATH=${details.counterexamplePath}`;
    return `${again}\n\n${(details.errorInstance as Error)?.message}`;
  });
  const failures = (await Promise.all(runs)).filter((text) => text !== '');
  expect(failures.join('\n\n'), failures.join('\n\n')).toBe('');
}
