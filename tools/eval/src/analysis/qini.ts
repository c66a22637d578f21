import type { Interval, Resampler } from './bootstrap.js';
import { rank, type Ranking } from './ranking.js';

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

/**
 * The Qini coefficient of a ranking: x is the share of requests with context, y the mean of a metric. Holes that
 * a policy cannot tell apart get context in random order, which is a straight piece of the curve.
 *
 * @param gains what context changes at each hole; undefined where the metric is missing
 * @returns undefined where context changes nothing, or everything alike, so that there is nothing to rank
 */
export function qini(
  ranking: Ranking,
  gains: readonly (number | undefined)[],
  resampler: Resampler,
): Qini | undefined {
  const measured = gains.flatMap((gain, row) => (gain === undefined ? [] : [row]));
  if (measured.length === 0) return undefined;
  const values = gains.map((gain) => gain ?? 0);
  const present = gains.map((gain) => (gain === undefined ? 0 : 1));
  const best = rank(values, measured);
  const coefficient = resampler.ofWeights((weights) => {
    const effective = weights.map((weight, row) => weight * (present[row] ?? 0));
    const most = areaOverRandom(best, values, effective);
    return most > 1e-9 ? areaOverRandom(ranking, values, effective) / most : NaN;
  });
  if (!coefficient) return undefined;
  return { coefficient, area: areaOverRandom(ranking, values, Float64Array.from(present)) };
}

/** Area between a curve of cumulative gains and its chord, x from 0 to 1, y a mean over all weight. */
export function areaOverRandom(ranking: Ranking, gains: readonly number[], weights: Float64Array): number {
  let [weight, gain, area, at] = [0, 0, 0, 0];
  for (const end of ranking.ends) {
    let [groupWeight, groupGain] = [0, 0];
    for (; at < end; at++) {
      const row = ranking.rows[at] ?? 0;
      groupWeight += weights[row] ?? 0;
      groupGain += (weights[row] ?? 0) * (gains[row] ?? 0);
    }
    area += groupWeight * (gain + groupGain / 2);
    weight += groupWeight;
    gain += groupGain;
  }
  return weight === 0 ? 0 : (area - (weight * gain) / 2) / (weight * weight);
}
