import { sigmoid, type LinearScorer } from '@repoformer/policy';
import { weightedGram, type Matrix } from './matrix.js';
import { fitStandardisation, standardise } from './standardise.js';

export interface SparseOptions {
  /** λ of the penalty λ · Σ |w| on standardised columns, as a share of the least that leaves no column; in (0, 1]. */
  readonly share: number;
}

const MAX_STEPS = 40;
const MAX_SWEEPS = 500;
const TOLERANCE = 1e-7;

/**
 * Logistic regression with an L1 penalty (lasso), which leaves most weights exactly zero: the better choice where few
 * of many columns tell something. Newton steps, each solved by coordinate descent on the quadratic approximation, as
 * in J. Friedman, T. Hastie, R. Tibshirani, Regularization Paths for Generalized Linear Models, 2010.
 *
 * @param y 0 or 1
 */
export function fitSparseLogistic(x: Matrix, y: Float64Array, { share }: SparseOptions): LinearScorer {
  const standardisation = fitStandardisation(x);
  const z = standardise(x, standardisation);
  const { columns, rows } = x;
  const size = columns + 1;
  const rate = y.reduce((sum, value) => sum + value, 0) / Math.max(1, rows);
  const beta = new Float64Array(size);
  beta[columns] = Math.log(Math.max(1e-3, rate) / Math.max(1e-3, 1 - rate));
  const start = gradientOf(z, y, beta);
  const penalty =
    share * start.gradient.subarray(0, columns).reduce((most, g) => Math.max(most, Math.abs(g)), 0);
  let objective = objectiveOf(z, y, beta, penalty);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { gradient, curvature } = gradientOf(z, y, beta);
    const next = descend(weightedGram(z, curvature), gradient, beta, penalty);
    // A full step may overshoot where the curvature changes fast: half of it until the objective falls.
    let length = 1;
    let improved = 0;
    for (let halving = 0; halving < 20; halving++, length /= 2) {
      const tried = beta.map((value, i) => value + length * (next[i]! - value));
      const value = objectiveOf(z, y, tried, penalty);
      if (value > objective) continue;
      improved = objective - value;
      beta.set(tried);
      objective = value;
      break;
    }
    if (improved <= TOLERANCE * 1e-3 * Math.max(1, objective)) break;
  }
  return {
    kind: 'linear',
    ...standardisation,
    weights: [...beta.subarray(0, columns)],
    bias: beta[columns]!,
  };

  /** Minimises gᵀd + ½ dᵀHd + λ Σ |w| over w = beta + d, one coordinate after the other. */
  function descend(
    gram: Float64Array,
    gradient: Float64Array,
    from: Float64Array,
    lambda: number,
  ): Float64Array {
    const entry = (i: number, j: number) => (i >= j ? gram[i * size + j]! : gram[j * size + i]!);
    const to = Float64Array.from(from);
    // The quadratic's gradient at `to`.
    const slope = Float64Array.from(gradient);
    for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      let largest = 0;
      for (let i = 0; i < size; i++) {
        const bend = entry(i, i) + 1e-9;
        const wanted = to[i]! - slope[i]! / bend;
        const value = i === columns ? wanted : shrink(wanted, lambda / bend);
        const change = value - to[i]!;
        if (change === 0) continue;
        to[i] = value;
        for (let j = 0; j < size; j++) slope[j]! += change * entry(i, j);
        largest = Math.max(largest, Math.abs(change));
      }
      if (largest < TOLERANCE) break;
    }
    return to;
  }
}

function shrink(value: number, by: number): number {
  return value > by ? value - by : value < -by ? value + by : 0;
}

function gradientOf(x: Matrix, y: Float64Array, beta: Float64Array) {
  const gradient = new Float64Array(beta.length);
  const curvature = new Float64Array(x.rows);
  for (let at = 0; at < x.rows; at++) {
    const row = x.row(at);
    const p = sigmoid(scoreOf(row, beta));
    for (let i = 0; i < row.length; i++) gradient[i]! += (p - y[at]!) * row[i]!;
    gradient[row.length]! += p - y[at]!;
    curvature[at] = Math.max(1e-6, p * (1 - p));
  }
  return { gradient, curvature };
}

function objectiveOf(x: Matrix, y: Float64Array, beta: Float64Array, penalty: number): number {
  let value = 0;
  for (let at = 0; at < x.rows; at++) {
    const score = scoreOf(x.row(at), beta);
    value += Math.max(0, score) + Math.log1p(Math.exp(-Math.abs(score))) - y[at]! * score;
  }
  for (let i = 0; i < x.columns; i++) value += penalty * Math.abs(beta[i]!);
  return value;
}

function scoreOf(row: Float64Array, beta: Float64Array): number {
  let sum = beta[row.length]!;
  for (let i = 0; i < row.length; i++) sum += row[i]! * beta[i]!;
  return sum;
}
