export { brokenBody } from './broken-body.js';
export { detectIsolation, NO_ISOLATION, type Isolation } from './isolation.js';
export {
  runUnitTests,
  type TestOutcome,
  type UnitTestOptions,
  type UnitTestResult,
} from './run-unit-tests.js';
export {
  UnitTestJudge,
  type CompletionVerdict,
  type HoleCoverage,
  type HoleTestOptions,
} from './tested-holes.js';
export { createVerdictCache, openVerdictCache, type VerdictCache } from './verdict-cache.js';
