import { defineConfig } from 'vitest/config';

/** Long tests (`REPOFORMER_LONG_TESTS=1`) may take their time. */
const patience = process.env['REPOFORMER_LONG_TESTS'] === '1' ? 10 : 1;

/** Shared by every project; each `vitest.config.ts` re-exports it. */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts'],
    passWithNoTests: true,
    testTimeout: 60_000 * patience,
    hookTimeout: 60_000 * patience,
  },
});
