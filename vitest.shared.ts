import { defineConfig } from 'vitest/config';

/** Shared by every project; each `vitest.config.ts` re-exports it. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    passWithNoTests: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
