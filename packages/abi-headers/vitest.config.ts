import { defineConfig } from 'vitest/config';

// Compilers are slow with cold caches, and each of the two files keeps one core busy.
export default defineConfig({ test: { testTimeout: 180_000, hookTimeout: 180_000 } });
