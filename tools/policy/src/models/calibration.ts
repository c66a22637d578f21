import { logit, type Calibration } from '@repoformer/policy';
import { fitLogistic } from './logistic-regression.js';
import { Matrix } from './matrix.js';

/** Fewer positives than this are too few for a free curve. */
export const ISOTONIC_POSITIVES = 1_000;
/** Values nearer to each other than this are the same. */
const ROUNDING = 1e-12;
/** A slope that carries no information, but keeps the order of the scores. */
const LEAST_SLOPE = 1e-6;

/**
 * Platt's sigmoid over scores: logistic regression in one variable, on targets drawn in from 0 and 1 as Platt did,
 * so that few data give no certainty. Where the scores rank the wrong way round it is all but constant.
 *
 * @source J. Platt, Probabilistic Outputs for Support Vector Machines, 1999
 */
export function fitPlatt(
  scores: Float64Array,
  isPositive: readonly boolean[],
): Calibration & { kind: 'platt' } {
  const positives = isPositive.filter(Boolean).length;
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (isPositive.length - positives + 2);
  const y = Float64Array.from(isPositive, (is) => (is ? high : low));
  const x = new Matrix(scores.length, 1, Float64Array.from(scores));
  const { mean, scale, weights, bias } = fitLogistic(x, y, { penalty: 1e-6 });
  const a = weights[0]! / scale[0]!;
  if (a > LEAST_SLOPE) return { kind: 'platt', a, b: bias - a * mean[0]! };
  const rate = y.reduce((sum, value) => sum + value, 0) / Math.max(1, y.length);
  return { kind: 'platt', a: LEAST_SLOPE, b: logit(rate) - LEAST_SLOPE * mean[0]! };
}

/**
 * Isotonic regression by pooling adjacent violators: of all functions that do not fall the one of least squared
 * error. A point stands at the mean score of each pool; between them the curve is straight, so that most ties of a
 * step function are avoided.
 */
export function fitIsotonic(scores: Float64Array, y: Float64Array): Calibration & { kind: 'isotonic' } {
  const pools: { x: number; y: number; weight: number }[] = [];
  // Equal scores have one value, whatever their order.
  let tied = { x: NaN, y: 0, weight: 0 };
  for (const at of Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!)) {
    if (scores[at] === tied.x) {
      tied.y += (y[at]! - tied.y) / ++tied.weight;
      continue;
    }
    if (tied.weight > 0) pool(pools, tied);
    tied = { x: scores[at]!, y: y[at]!, weight: 1 };
  }
  if (tied.weight > 0) pool(pools, tied);
  return { kind: 'isotonic', x: pools.map((pool) => pool.x), y: pools.map((pool) => pool.y) };
}

/** Adds a point to pools that rise, and pools it with those before it that are not below it. */
function pool(pools: { x: number; y: number; weight: number }[], point: (typeof pools)[number]): void {
  let last = point;
  for (let below = pools.at(-1); below && below.y > last.y - ROUNDING; below = pools.at(-1)) {
    pools.pop();
    const weight = below.weight + last.weight;
    const share = last.weight / weight;
    last = { x: below.x + share * (last.x - below.x), y: below.y + share * (last.y - below.y), weight };
  }
  pools.push(last);
}

/** Platt's sigmoid, or a free curve where there are data enough for one. */
export function fitCalibration(scores: Float64Array, isPositive: readonly boolean[]): Calibration {
  const positives = isPositive.filter(Boolean).length;
  const enough = Math.min(positives, isPositive.length - positives) >= ISOTONIC_POSITIVES;
  return enough
    ? fitIsotonic(
        scores,
        Float64Array.from(isPositive, (is) => (is ? 1 : 0)),
      )
    : fitPlatt(scores, isPositive);
}
