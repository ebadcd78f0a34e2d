import { defineConfig, type ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = defineConfig({
  test: {
    pool: 'forks',
    fileParallelism: false, // all of them make bundles in one place
    include: ['image/*.test.ts'],
    testTimeout: 300_000, // an image is built
    hookTimeout: 600_000,
  },
});
export default config;
