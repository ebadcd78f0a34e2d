import { defineConfig, type ViteUserConfig } from 'vitest/config';

// Forked processes: the runtime lives in a process's main thread, and a crash must not take other files along.
const config: ViteUserConfig = defineConfig({
  test: { pool: 'forks', include: ['test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 120_000 },
});
export default config;
