import { defineConfig, mergeConfig } from 'vitest/config';
import shared from '../vitest.shared.ts';

/** Daemons and models are heavy: one file at a time, and patience. */
export default mergeConfig(
  shared,
  defineConfig({ test: { fileParallelism: false, testTimeout: 180_000, hookTimeout: 180_000 } }),
);
