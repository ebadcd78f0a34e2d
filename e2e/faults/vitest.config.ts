import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { FaultTable } from './support/reporter.ts';

// One file at a time: most of them measure how long the server takes.
const config: ViteUserConfig = defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    globalSetup: join(import.meta.dirname, '../../vitest.temporary.ts'),
    pool: 'forks',
    fileParallelism: false,
    include: ['faults/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    reporters: ['default', new FaultTable()],
  },
});
export default config;
