import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// By itself, since the API server has to be built first: npm run test:kubernetes.
const config: ViteUserConfig = defineConfig({
  root: join(import.meta.dirname, '..'),
  test: {
    globalSetup: join(import.meta.dirname, '../../vitest.temporary.ts'),
    pool: 'forks',
    include: ['kubernetes/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
export default config;
