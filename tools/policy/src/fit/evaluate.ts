import { calibrate } from '@repoformer/policy';
import { abstentionPrecision, qiniCoefficient, weightedQini } from '../metrics/qini.js';
import { brierScore, expectedCalibrationError, logLoss } from '../metrics/probability-metrics.js';
import { areaUnderRoc, rankCorrelation } from '../metrics/ranking.js';
import { clusterBootstrap, type BootstrapEstimate } from '../metrics/cluster-bootstrap.js';
import { fitCalibration } from '../models/calibration.js';
import { crossPredict } from './folds.js';

/** How well scores choose where to use context. Gains are points of edit similarity, whatever the target was. */
export interface Evaluation {
  /** Share of the oracle's uplift area, with its error over repositories. */
  readonly qini: BootstrapEstimate;
  /** The same in log-likelihood. */
  readonly qiniLogLikelihood: number;
  readonly auc: number;
  /** Spearman's correlation of score and gain. */
  readonly rankCorrelation: number;
  readonly brier: number;
  readonly logLoss: number;
  readonly ece: number;
  /** At the threshold: share of requests with context, mean gain over all requests, right abstentions. */
  readonly retrieved: number;
  readonly meanGain: number;
  readonly abstentionPrecision: number;
}

/** What scores are judged by. */
export interface Truth {
  readonly repositories: readonly string[];
  readonly helps: readonly boolean[];
  readonly gainsEs: readonly number[];
  readonly gainsLogLikelihood: readonly number[];
  readonly threshold: number;
  readonly draws: number;
  readonly seed: number;
}

/** @param scores for ranking, and the probabilities they stand for */
export function evaluate(scores: Float64Array, probabilities: Float64Array, truth: Truth): Evaluation {
  const { helps, gainsEs, threshold } = truth;
  const isUsed = Array.from(probabilities, (p) => p > threshold);
  const count = helps.length;
  return {
    qini: clusterBootstrap(truth.repositories, weightedQini(scores, gainsEs), truth),
    qiniLogLikelihood: qiniCoefficient(scores, truth.gainsLogLikelihood),
    auc: areaUnderRoc(scores, helps),
    rankCorrelation: rankCorrelation(scores, gainsEs),
    brier: brierScore(probabilities, helps),
    logLoss: logLoss(probabilities, helps),
    ece: expectedCalibrationError(probabilities, helps),
    retrieved: isUsed.filter(Boolean).length / count,
    meanGain: gainsEs.reduce((sum, gain, at) => sum + (isUsed[at] ? gain : 0), 0) / count,
    abstentionPrecision: abstentionPrecision(probabilities, gainsEs, threshold),
  };
}

/** Probabilities of cross-validated scores, each calibrated on other folds. */
export function crossCalibrate(
  scores: Float64Array,
  helps: readonly boolean[],
  folds: Int32Array,
): Float64Array {
  return crossPredict(folds, (rows) => {
    const calibration = fitCalibration(
      Float64Array.from(rows, (row) => scores[row]!),
      rows.map((row) => helps[row]!),
    );
    return (held) => held.map((row) => calibrate(calibration, scores[row]!));
  });
}

/** How much better one ranking is than another on the same rows, in Qini coefficients. */
export function compareRankings(
  scores: Float64Array,
  other: Float64Array,
  { repositories, gainsEs, draws, seed }: Truth,
): BootstrapEstimate {
  const qini = weightedQini(scores, gainsEs);
  const otherQini = weightedQini(other, gainsEs);
  return clusterBootstrap(repositories, (weights) => qini(weights) - otherQini(weights), { draws, seed });
}
