import { sigmoid, type LinearScorer } from '@repoformer/policy';
import { solvePositiveDefinite, weightedGram, type Matrix } from './matrix.js';
import { fitStandardisation, standardise } from './standardise.js';

export interface LogisticOptions {
  /** λ of the penalty λ/2 · Σ w², on standardised columns; the constant is not penalised. Positive. */
  readonly penalty: number;
  /** How much each row counts; default 1. Not negative. */
  readonly weights?: Float64Array;
}

const MAX_STEPS = 60;
const TOLERANCE = 1e-10;

/**
 * Logistic regression with an L2 penalty, by Newton's method with step halving: the penalised loss is strictly
 * convex in the weights, so that it ends at the one minimum.
 *
 * @param y 0 or 1, or a probability
 */
export function fitLogistic(x: Matrix, y: Float64Array, { penalty, weights }: LogisticOptions): LinearScorer {
  const standardisation = fitStandardisation(x);
  const z = standardise(x, standardisation);
  const count = weights ?? new Float64Array(x.rows).fill(1);
  const size = x.columns + 1;
  let beta: Float64Array = new Float64Array(size);
  beta[x.columns] = startingBias(y, count);
  let loss = lossOf(z, y, count, beta, penalty);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { gradient, curvature } = derivatives(z, y, count, beta, penalty);
    const hessian = weightedGram(z, curvature);
    for (let i = 0; i < x.columns; i++) hessian[i * size + i]! += penalty;
    // Perfectly separated rows leave the constant without curvature.
    hessian[size * size - 1]! += 1e-9;
    const move = solvePositiveDefinite(hessian, gradient);
    const before = loss;
    let length = 1;
    for (let halving = 0; halving < 30; halving++, length /= 2) {
      const next = beta.map((value, i) => value - length * move[i]!);
      const nextLoss = lossOf(z, y, count, next, penalty);
      if (nextLoss > before) continue;
      beta = next;
      loss = nextLoss;
      break;
    }
    if (before - loss <= TOLERANCE * (Math.abs(loss) + TOLERANCE)) break;
  }
  return {
    kind: 'linear',
    ...standardisation,
    weights: [...beta.subarray(0, x.columns)],
    bias: beta[x.columns]!,
  };
}

function startingBias(y: Float64Array, weights: Float64Array): number {
  let positive = 0;
  let total = 0;
  y.forEach((value, at) => {
    positive += weights[at]! * value;
    total += weights[at]!;
  });
  const rate = Math.min(0.99, Math.max(0.01, total > 0 ? positive / total : 0.5));
  return Math.log(rate / (1 - rate));
}

function lossOf(
  x: Matrix,
  y: Float64Array,
  weights: Float64Array,
  beta: Float64Array,
  penalty: number,
): number {
  let loss = 0;
  for (let at = 0; at < x.rows; at++) {
    const score = dot(x.row(at), beta);
    // ln(1 + e^s) - y·s, without overflow.
    loss += weights[at]! * (Math.max(0, score) + Math.log1p(Math.exp(-Math.abs(score))) - y[at]! * score);
  }
  for (let i = 0; i < x.columns; i++) loss += (penalty / 2) * beta[i]! ** 2;
  return loss;
}

function derivatives(x: Matrix, y: Float64Array, weights: Float64Array, beta: Float64Array, penalty: number) {
  const gradient = new Float64Array(beta.length);
  const curvature = new Float64Array(x.rows);
  for (let at = 0; at < x.rows; at++) {
    const row = x.row(at);
    const p = sigmoid(dot(row, beta));
    const residual = weights[at]! * (p - y[at]!);
    for (let i = 0; i < row.length; i++) gradient[i]! += residual * row[i]!;
    gradient[row.length]! += residual;
    curvature[at] = weights[at]! * p * (1 - p);
  }
  for (let i = 0; i < x.columns; i++) gradient[i]! += penalty * beta[i]!;
  return { gradient, curvature };
}

function dot(row: Float64Array, beta: Float64Array): number {
  let sum = beta[row.length]!;
  for (let i = 0; i < row.length; i++) sum += row[i]! * beta[i]!;
  return sum;
}
