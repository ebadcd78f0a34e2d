import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('matching allocates nothing', () => {
  const probe = fileURLToPath(new URL('allocation.probe.ts', import.meta.url));
  // New space is large enough that no collection hides what a round allocates. One thread, so that the compiler is done
  // when a round begins, however busy the machine is.
  const space = ['--min-semi-space-size=128', '--max-semi-space-size=128'];
  const flags = ['--expose-gc', '--single-threaded', ...space];
  const bytes = Number.parseInt(execFileSync(process.execPath, [...flags, probe], { encoding: 'utf8' }), 10);
  expect(bytes).toBeGreaterThanOrEqual(0);
  expect(bytes / 100_000).toBeLessThan(1);
}, 60_000);
