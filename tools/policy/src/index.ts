export { fitPolicy, type FitOptions } from './fit/fit-policy.js';
export { formatReport, type FitReport } from './fit/fit-report.js';
export type { FitHole, FitProbe, FitTable } from './fit/fit-table.js';
export { TARGETS, type Target } from './fit/targets.js';
export { clusterBootstrap, type BootstrapEstimate } from './metrics/cluster-bootstrap.js';
export {
  brierScore,
  expectedCalibrationError,
  logLoss,
  reliability,
  type ReliabilityBin,
} from './metrics/probability-metrics.js';
export {
  abstentionPrecision,
  qiniArea,
  qiniCoefficient,
  qiniCurve,
  weightedQiniArea,
  type QiniPoint,
} from './metrics/qini.js';
export { areaUnderRoc, correlation, rankCorrelation } from './metrics/ranking.js';
export {
  LEAST_GROUPS,
  LEAST_HOLES,
  tunePolicy,
  type PolicyYield,
  type TuneHole,
  type TuneOptions,
  type TuneResult,
} from './tune/tune-policy.js';
export { writeWhole } from '@repoformer/dataset';
