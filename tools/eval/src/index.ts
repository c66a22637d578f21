export type { HoleResult, Outcome, StageTimings } from './results.js';
