export { analyse, type Analysis, type PolicySpec } from './analysis/index.js';
export { createReport, writeReport, type ReportInput } from './report/index.js';
export type { HoleResult, Outcome, StageTimings } from './results.js';
