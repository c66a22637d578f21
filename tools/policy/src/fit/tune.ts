import { score, type LinearScorer, type Scorer } from '@repoformer/policy';
import { DEFAULT_BOOSTING, firstTrees, fitBoostedTrees } from '../models/boosted-trees.js';
import { fitLogistic } from '../models/logistic-regression.js';
import type { Matrix } from '../models/matrix.js';
import { fitRidge } from '../models/ridge-regression.js';
import { fitSparseLogistic } from '../models/sparse-logistic.js';
import { crossPredict } from './folds.js';

/** Rows to fit on. Where a column was itself fitted, each fold has its own: made without that fold's labels. */
export interface FoldedMatrix {
  readonly all: Matrix;
  /** What to fit on when a fold is held out; its rows are predicted from `all`. */
  readonly without: (fold: number) => Matrix;
}

/** The same columns for each fold. */
export function unfolded(x: Matrix): FoldedMatrix {
  return { all: x, without: () => x };
}

/** Scores of each row by a model that has not seen its repository: see {@link crossScore}. */
export interface CrossScores {
  readonly scores: Float64Array;
  /** The mean score of training rows, which the scores of every fold are moved to. */
  readonly level: number;
}

/** A way of fitting with its best setting. */
export interface Tuned<S extends Scorer = Scorer> extends CrossScores {
  /** The setting, for people. */
  readonly setting: string;
  /** Fits on all rows. */
  readonly refit: () => S;
}

/** A linear fit, with the penalty that was found best. */
export interface TunedLinear extends Tuned<LinearScorer> {
  readonly penalty: number;
}

export type Loss = 'logistic' | 'squared';

const ROUNDS = [25, 50, 100] as const;

/** Fits a linear model at each penalty and keeps the one of least loss on held-out repositories. */
export function tuneLinear(
  x: FoldedMatrix,
  y: Float64Array,
  folds: Int32Array,
  loss: Loss,
  penalties: readonly number[],
): TunedLinear {
  const fit = loss === 'logistic' ? fitLogistic : fitRidge;
  const tried = penalties.map((penalty): TunedLinear => ({
    penalty,
    ...crossScore(x, folds, (of, rows) => fit(of, pick(y, rows), { penalty })),
    setting: `penalty ${penalty}`,
    refit: () => fit(x.all, y, { penalty }),
  }));
  return leastLoss(tried, y, loss);
}

/** Fits a sparse logistic model at each share of the greatest penalty and keeps the one of least loss. */
export function tuneSparse(
  x: FoldedMatrix,
  y: Float64Array,
  folds: Int32Array,
  shares: readonly number[],
): Tuned {
  const tried = shares.map((share): Tuned => ({
    ...crossScore(x, folds, (of, rows) => fitSparseLogistic(of, pick(y, rows), { share })),
    setting: `lasso ${share}`,
    refit: () => fitSparseLogistic(x.all, y, { share }),
  }));
  return leastLoss(tried, y, 'logistic');
}

/** Boosts trees and keeps the number of rounds of least loss on held-out repositories. */
export function tuneTrees(
  x: FoldedMatrix,
  y: Float64Array,
  folds: Int32Array,
  loss: Loss,
  seed: number,
): Tuned {
  // Small tables cannot fill leaves of the usual size.
  const minRows = Math.max(5, Math.min(DEFAULT_BOOSTING.minRows, Math.floor(x.all.rows / 40)));
  const options = { ...DEFAULT_BOOSTING, minRows, seed, loss };
  // The first trees of a longer run are those of a shorter one.
  const models = new Map<number, ReturnType<typeof fitBoostedTrees>>();
  const tried = ROUNDS.map((trees): Tuned => ({
    ...crossScore(x, folds, (of, rows, fold) => {
      const longest = models.get(fold) ?? fitBoostedTrees(of, pick(y, rows), options);
      models.set(fold, longest);
      return firstTrees(longest, trees);
    }),
    setting: `${trees} trees`,
    refit: () => fitBoostedTrees(x.all, y, { ...options, trees }),
  }));
  return leastLoss(tried, y, loss);
}

/**
 * Scores each row by a model fitted without its fold. From each fold's scores the mean over its training rows is
 * taken, and the mean of those means added: a fold whose holes gain much leaves a training set that gains little, and
 * with it a lower constant; ranked all together, that alone would turn the order of the folds round.
 *
 * @param fit makes a model of training rows: their matrix, their numbers, and the fold held out
 */
export function crossScore(
  x: FoldedMatrix,
  folds: Int32Array,
  fit: (of: Matrix, rows: readonly number[], fold: number) => Scorer,
): CrossScores {
  const levels: number[] = [];
  const centred = crossPredict(folds, (rows, fold) => {
    const of = x.without(fold).select(rows);
    const model = fit(of, rows, fold);
    const level = meanScore(model, of);
    levels.push(level);
    return (held) => predict(model, x.all, held).map((each) => each - level);
  });
  const level = levels.reduce((sum, each) => sum + each, 0) / levels.length;
  return { scores: centred.map((each) => each + level), level };
}

export function meanScore(scorer: Scorer, of: Matrix): number {
  const rows = Array.from({ length: of.rows }, (_, row) => row);
  return predict(scorer, of, rows).reduce((sum, each) => sum + each, 0) / Math.max(1, of.rows);
}

/** Scores of some rows. */
export function predict(scorer: Scorer, x: Matrix, rows: readonly number[]): number[] {
  return rows.map((row) => score(scorer, Array.from(x.row(row))));
}

export function pick(values: Float64Array, rows: readonly number[]): Float64Array {
  return Float64Array.from(rows, (row) => values[row]!);
}

function leastLoss<T extends Tuned>(tried: readonly T[], y: Float64Array, loss: Loss): T {
  const losses = tried.map(({ scores }) =>
    scores.reduce((sum, each, row) => sum + lossOf(each, y[row]!, loss), 0),
  );
  return tried[losses.indexOf(Math.min(...losses))] ?? tried[0]!;
}

function lossOf(score: number, y: number, loss: Loss): number {
  if (loss === 'squared') return (score - y) ** 2;
  return Math.max(0, score) + Math.log1p(Math.exp(-Math.abs(score))) - y * score;
}
