import { defineConfig, type ViteUserConfig } from 'vitest/config';

// One file at a time: most of them measure how long the server takes.
const config: ViteUserConfig = defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false,
    include: ['faults/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
export default config;
