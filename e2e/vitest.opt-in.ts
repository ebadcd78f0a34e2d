import { join } from 'node:path';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

// By themselves: npm run test:kubernetes, whose API server has to be built first, and npm run test:systemd, which has to be root.
const config: ViteUserConfig = defineConfig({
  root: import.meta.dirname,
  test: {
    globalSetup: join(import.meta.dirname, '../vitest.temporary.ts'),
    pool: 'forks',
    include: ['kubernetes/*.test.ts', 'systemd/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
export default config;
