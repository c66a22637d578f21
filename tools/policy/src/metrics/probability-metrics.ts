import { byScore } from './ranking.js';

/** Probabilities are kept this far from 0 and 1, so that one certain error does not make the loss infinite. */
const LEAST = 1e-6;

/** Mean squared error of probabilities. */
export function brierScore(probabilities: ArrayLike<number>, isPositive: readonly boolean[]): number {
  return meanOf(isPositive, (is, at) => (probabilities[at]! - (is ? 1 : 0)) ** 2);
}

/** Mean negative log-likelihood, nats. */
export function logLoss(probabilities: ArrayLike<number>, isPositive: readonly boolean[]): number {
  return meanOf(isPositive, (is, at) => {
    const p = Math.min(1 - LEAST, Math.max(LEAST, probabilities[at]!));
    return -Math.log(is ? p : 1 - p);
  });
}

/** One bin of a reliability plot. */
export interface ReliabilityBin {
  readonly count: number;
  readonly meanProbability: number;
  readonly positiveRate: number;
}

/** Bins of equal size (but for one) by rising probability. */
export function reliability(
  probabilities: ArrayLike<number>,
  isPositive: readonly boolean[],
  bins = 15,
): ReliabilityBin[] {
  const order = byScore(probabilities).reverse();
  const result: ReliabilityBin[] = [];
  for (let bin = 0; bin < bins; bin++) {
    const members = order.slice(
      Math.round((bin * order.length) / bins),
      Math.round(((bin + 1) * order.length) / bins),
    );
    if (members.length === 0) continue;
    result.push({
      count: members.length,
      meanProbability: meanOf(members, (at) => probabilities[at]!),
      positiveRate: meanOf(members, (at) => (isPositive[at] ? 1 : 0)),
    });
  }
  return result;
}

/** Expected calibration error over bins of equal size: mean distance of probability and rate. */
export function expectedCalibrationError(
  probabilities: ArrayLike<number>,
  isPositive: readonly boolean[],
  bins = 15,
): number {
  const total = isPositive.length;
  return reliability(probabilities, isPositive, bins).reduce(
    (sum, bin) => sum + (bin.count / total) * Math.abs(bin.meanProbability - bin.positiveRate),
    0,
  );
}

function meanOf<T>(items: readonly T[], of: (item: T, at: number) => number): number {
  return items.reduce((sum, item, at) => sum + of(item, at), 0) / items.length;
}
