export { analyse, type Analysis } from './analyse.js';
export type { Abstentions } from './abstention.js';
export {
  HARM_POINTS,
  PUBLISHED,
  type Answer,
  type Answers,
  type Harm,
  type PolicyAnswers,
  type SavingAnswer,
} from './answers.js';
export type { Baseline, BaselineRow } from './baselines.js';
export { Resampler, type BootstrapOptions, type Interval } from './bootstrap.js';
export { calibrationOf, type Calibration, type ReliabilityBin } from './calibration.js';
export type { ClusterUnit } from './clusters.js';
export type { Curves, PolicyCurve } from './curves.js';
export type { Differences } from './differences.js';
export type { Effect } from './effect.js';
export type { Examples } from './examples.js';
export { LATENCIES, STAGES, type Latency, type LatencyTable, type Stage } from './latency.js';
export type { GroupRow, GroupTable, ModeRow, RandomComparison } from './mode-table.js';
export { gainOf, QUALITIES, type Quality } from './outcomes.js';
export type { PolicySpec } from './policies.js';
export type { Qini } from './qini.js';
export type { RiskCoverage, RiskPoint } from './risk-coverage.js';
export type { SweepPoint } from './sweep.js';
export type { Spread } from './statistics.js';
export type { Confidence, Pays, Verdict } from './verdict.js';
export { count, duration, percent, points, thresholdText, withInterval } from './words.js';
