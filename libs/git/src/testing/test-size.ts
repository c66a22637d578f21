/** Whether tests may take minutes and gigabytes: `REPOFORMER_LONG_TESTS=1`. */
export const LONG_TESTS = process.env['REPOFORMER_LONG_TESTS'] === '1';

/** Time limit of the property tests that run git most: seven times what the longest takes on a quiet machine, or more. */
export const propertyTestMs = LONG_TESTS ? 3_600_000 : 180_000;

/**
 * How a property test runs: the same inputs each time, so that a failure is one of the change at hand; with long tests
 * many more, other ones each time unless `REPOFORMER_TEST_SEED` names those of a failure.
 */
export function propertyRuns(numRuns: number, longRuns: number): { numRuns: number; seed: number } {
  if (!LONG_TESTS) return { numRuns, seed: 20260101 };
  return { numRuns: longRuns, seed: Number(process.env['REPOFORMER_TEST_SEED'] ?? Date.now() | 0) };
}
