import type { Calibration, LinearScorer, Scorer, TreeScorer } from './policy-document.js';

/** The raw score of a scorer on its inputs. */
export function score(scorer: Scorer, inputs: readonly number[]): number {
  return scorer.kind === 'linear' ? scoreLinear(scorer, inputs) : scoreTrees(scorer, inputs);
}

export function scoreLinear(scorer: Omit<LinearScorer, 'kind'>, inputs: readonly number[]): number {
  const { mean, scale, weights } = scorer;
  let sum = scorer.bias;
  for (let at = 0; at < weights.length; at++) sum += (weights[at]! * (inputs[at]! - mean[at]!)) / scale[at]!;
  return sum;
}

function scoreTrees({ base, trees }: TreeScorer, inputs: readonly number[]): number {
  let sum = base;
  for (const { feature, threshold, left, right, leaf } of trees) {
    let node = feature.length === 0 ? -1 : 0;
    while (node >= 0) node = inputs[feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!;
    sum += leaf[-node - 1]!;
  }
  return sum;
}

/** A score's probability. */
export function calibrate(calibration: Calibration, score: number): number {
  if (calibration.kind === 'platt') return sigmoid(calibration.a * score + calibration.b);
  const { x, y } = calibration;
  const last = x.length - 1;
  if (!(score > x[0]!)) return y[0]!;
  if (score >= x[last]!) return y[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle]! <= score) low = middle;
    else high = middle;
  }
  const share = (score - x[low]!) / (x[high]! - x[low]!);
  return y[low]! + share * (y[high]! - y[low]!);
}

/** 1 / (1 + exp(-x)) without overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}
