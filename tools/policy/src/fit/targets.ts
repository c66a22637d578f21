import { ranksOf } from '../metrics/ranking.js';
import type { FitHole } from './fit-table.js';

/** What counts as gain: edit similarity, log-likelihood, or both, each in units of its own spread. */
export const TARGETS = ['es', 'logLikelihood', 'mixed'] as const;
export type Target = (typeof TARGETS)[number];

/** Of a target's values, the extreme share at each end is moved in to the rest. */
const CLIPPED_SHARE = 0.025;

/**
 * The gain of each hole by a target: points of edit similarity, nats per token, or for `mixed` the mean of both, each
 * clipped and divided by its standard deviation over `reference`.
 */
export function targetGains(
  holes: readonly FitHole[],
  target: Target,
  reference: readonly FitHole[] = holes,
): Float64Array {
  const es = (hole: FitHole) => hole.gainEs;
  const likelihood = (hole: FitHole) => hole.gainLogLikelihood;
  if (target === 'es') return Float64Array.from(holes, es);
  if (target === 'logLikelihood') return Float64Array.from(holes, likelihood);
  const [scaleEs, scaleLikelihood] = [es, likelihood].map((of) => {
    const values = reference.map(of);
    const clip = clipperOf(values);
    return { clip, deviation: deviationOf(values.map(clip)) };
  });
  return Float64Array.from(
    holes,
    (hole) =>
      (scaleEs!.clip(es(hole)) / scaleEs!.deviation +
        scaleLikelihood!.clip(likelihood(hole)) / scaleLikelihood!.deviation) /
      2,
  );
}

/** Moves values beyond the outer quantiles in to them: single huge gains would otherwise rule a least-squares fit. */
export function clipperOf(values: readonly number[], share = CLIPPED_SHARE): (value: number) => number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const high = sorted[Math.ceil((1 - share) * (sorted.length - 1))] ?? 0;
  return (value) => Math.min(high, Math.max(low, value));
}

/** Ranks in (0, 1), equal values alike: a target without tails. */
export function rankedTarget(gains: Float64Array): Float64Array {
  return ranksOf(gains).map((rank) => (rank - 0.5) / gains.length);
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length);
  return variance > 0 ? Math.sqrt(variance) : 1;
}
