import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// One file at a time: several of them measure how long the server takes.
const config: ViteUserConfig = defineConfig({
  test: {
    globalSetup: join(import.meta.dirname, '../vitest.temporary.ts'),
    pool: 'forks',
    fileParallelism: false,
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 300_000, // a registry is installed and filled
  },
});
export default config;
