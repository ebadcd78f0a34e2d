import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('picking a backend allocates nothing', () => {
  const probe = fileURLToPath(new URL('allocation.probe.ts', import.meta.url));
  // As in packages/router: room for what a round would leave, and a compiler that is done when a round begins.
  const flags = [
    '--expose-gc',
    '--single-threaded',
    '--min-semi-space-size=128',
    '--max-semi-space-size=128',
  ];
  const bytes = Number.parseInt(execFileSync(process.execPath, [...flags, probe], { encoding: 'utf8' }), 10);
  expect(bytes).toBeGreaterThanOrEqual(0);
  expect(bytes / 100_000).toBeLessThan(1);
}, 60_000);
