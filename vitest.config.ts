import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Forked processes: the runtime lives in a process's main thread, and a crash must not take other files along.
const config: ViteUserConfig = defineConfig({
  test: {
    pool: 'forks',
    globalSetup: join(import.meta.dirname, 'vitest.temporary.ts'),
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
export default config;
