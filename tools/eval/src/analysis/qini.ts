import { weightedQiniArea } from '@repoformer/policy-tool';
import type { Interval, Resampler } from './bootstrap.js';

/** How well a policy ranks holes by what context brings them. */
export interface Qini {
  /**
   * Area between the policy's curve and the straight line of random choice, over that of the oracle: 1 ranks
   * perfectly, 0 like dice, below 0 worse.
   */
  readonly coefficient: Interval;
  /** Area between the curve and random choice: the mean advantage over all shares, in the metric's unit. */
  readonly area: number;
}

/** Rounding apart, nothing. */
const NOTHING = 1e-9;

/**
 * The Qini coefficient of a ranking: x is the share of requests with context, y the mean of a metric. Holes that
 * a policy cannot tell apart get context in random order, which is a straight piece of the curve.
 *
 * @param scores what ranks the holes, highest first; -Infinity for holes at which the policy gave no answer
 * @param gains what context changes at each hole; undefined where the metric is missing
 * @returns undefined where context changes nothing, or everything alike, so that there is nothing to rank
 */
export function qini(
  scores: readonly number[],
  gains: readonly (number | undefined)[],
  resampler: Resampler,
): Qini | undefined {
  const values = gains.map((gain) => gain ?? 0);
  const present = gains.map((gain) => (gain === undefined ? 0 : 1));
  const areaOver = weightedQiniArea(scores, values);
  const most = weightedQiniArea(values, values);
  const coefficient = resampler.ofWeights((weights) => {
    const effective = weights.map((weight, row) => weight * present[row]!);
    const oracle = most(effective);
    return oracle > NOTHING ? areaOver(effective) / oracle : NaN;
  });
  return coefficient && { coefficient, area: areaOver(present) };
}
