import type { HoleResult } from '../results.js';
import type { Interval, Resampler } from './bootstrap.js';
import { latencyColumn, qualityColumn } from './expectation.js';
import type { Latency } from './latency.js';
import { depthRates, type Mode } from './modes.js';
import { hasContext, isMeasured, outcomeAt, qualityOf, QUALITIES, type Quality } from './outcomes.js';

/** Differences of two modes at the same holes; only the qualities that were measured. */
export type Differences = Readonly<Partial<Record<Quality, Interval>>>;

/** A mode less another, hole by hole. */
export function pairedDifferences(
  results: readonly HoleResult[],
  mode: Mode,
  base: Mode,
  resampler: Resampler,
  qualities: readonly Quality[] = QUALITIES,
): Differences {
  const entries = qualities.flatMap((quality) => {
    const theirs = qualityColumn(results, base, quality);
    const column = qualityColumn(results, mode, quality).map((value, row) => {
      const other = theirs[row];
      return value === undefined || other === undefined ? undefined : value - other;
    });
    const interval = resampler.ofMean(column);
    return interval ? [[quality, interval] as const] : [];
  });
  return Object.fromEntries(entries);
}

/**
 * A mode less coin tosses at its own rate. In each resample the rate is that of the resample, as it would have been
 * had those repositories been drawn in the first place.
 */
export function differencesToRandom(
  results: readonly HoleResult[],
  mode: Mode,
  resampler: Resampler,
  qualities: readonly Quality[] = QUALITIES,
): Differences {
  if (!mode.depths) return {};
  const asked = mode.depths;
  const depths = depthRates(results, asked).map(({ depth }) => depth);
  const counts = depths.map((depth) =>
    results.map((hole, row) => (hasContext(hole) && asked[row] === depth ? 1 : 0)),
  );
  const entries = qualities.flatMap((quality) => {
    const own = qualityColumn(results, mode, quality);
    const measured = results.map((hole) => (isMeasured(hole, quality) ? 1 : 0));
    const value = (hole: HoleResult, index: number) => qualityOf(outcomeAt(hole, index), quality) ?? 0;
    const withHits = depths.map((depth) =>
      results.map((hole, row) => (measured[row] && hasContext(hole) ? value(hole, depth) : 0)),
    );
    const withoutHits = results.map((hole, row) => (measured[row] && !hasContext(hole) ? value(hole, 0) : 0));
    const columns = [own.map((v) => v ?? 0), measured, withoutHits, ...withHits, ...counts];
    const interval = resampler.ofSums(columns, (sums) => {
      const [mine = 0, holes = 0, random = 0] = sums;
      const values = sums.subarray(3, 3 + depths.length);
      const chosen = sums.subarray(3 + depths.length);
      const total = chosen.reduce((sum, count) => sum + count, 0);
      const drawn = values.reduce((sum, at, i) => sum + (at * (chosen[i] ?? 0)) / (total || 1), random);
      return (mine - drawn) / holes;
    });
    return interval ? [[quality, interval] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** The paper's speed-up, a reduction of latency: 1 - latency / latency of always. In [0, 1] where it saves. */
export function speedUp(
  results: readonly HoleResult[],
  mode: Mode,
  always: Mode,
  latency: Latency,
  resampler: Resampler,
): Interval | undefined {
  const columns = [latencyColumn(results, mode, latency), latencyColumn(results, always, latency)];
  return resampler.ofSums(columns, ([mine = 0, theirs = 0]) => 1 - mine / theirs);
}

/**
 * How much the mean edit similarity of coin tosses scatters by the tosses alone, the holes and the number of
 * retrievals given: the standard deviation over all ways to deal the mode's decisions out at random. Exact
 * (Hoeffding 1951).
 */
export function drawStandardError(results: readonly HoleResult[], mode: Mode): number | undefined {
  if (!mode.depths) return undefined;
  const rates = depthRates(results, mode.depths);
  const holes = results.filter(hasContext);
  if (holes.length < 2) return undefined;
  const at = (hole: HoleResult, depth: number) => outcomeAt(hole, depth).editSimilarity;
  const byDepth = rates.map(
    ({ depth }) => holes.reduce((sum, hole) => sum + at(hole, depth), 0) / holes.length,
  );
  const overall = byDepth.reduce((sum, value, i) => sum + value * (rates[i]?.rate ?? 0), 0);
  let squares = 0;
  for (const hole of holes) {
    const own = rates.reduce((sum, { depth, rate }) => sum + rate * at(hole, depth), 0);
    rates.forEach(({ depth, rate }, i) => {
      const deviation = at(hole, depth) - own - (byDepth[i] ?? 0) + overall;
      squares += rate * holes.length * deviation ** 2;
    });
  }
  return Math.sqrt(squares / (holes.length - 1)) / results.length;
}
