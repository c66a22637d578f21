import type { HoleResult } from '../results.js';
import { latencyOf, type Latency } from './latency.js';
import {
  alwaysIndex,
  gainOf,
  hasContext,
  isAbstentionRight,
  isMeasured,
  outcomeAt,
  qualityOf,
} from './outcomes.js';
import type { Quality } from './outcomes.js';
import type { Ranking } from './ranking.js';

/** What a policy gives at one threshold. */
export interface SweepPoint {
  /** Context is used above it. Absent for the last point: all get context, whatever the policy says. */
  readonly threshold?: number;
  /** Share of requests with context, in [0, 1]. */
  readonly share: number;
  readonly exactMatch: number;
  readonly editSimilarity: number;
  /** Mean over the holes that have it; absent where none has. */
  readonly logLikelihood?: number;
  /** Mean milliseconds. */
  readonly coldMs: number;
  readonly warmMs: number;
  /** Reduction against always, in [0, 1] where it saves. */
  readonly speedUpCold: number;
  readonly speedUpWarm: number;
  /** Holes left without context though there was some, and those of them for which that was right. */
  readonly abstained: number;
  readonly abstainedRightly: number;
}

/** Sums over holes of one number, when it changes from without to with context hole by hole. */
interface Running {
  sum: number;
  readonly holes: number;
  readonly changes: readonly number[];
}

/**
 * Every threshold at which a policy's decisions change, from never to always, in one pass over the ranking.
 *
 * @param mode what deciding costs
 */
export function sweep(
  results: readonly HoleResult[],
  ranking: Ranking,
  mode: { readonly looksFirst: boolean; readonly decisionMs: number },
): SweepPoint[] {
  const holes = results.length;
  const context = running(results, (_, index) => (index > 0 ? 1 : 0));
  const exactMatch = runningQuality(results, 'exactMatch');
  const editSimilarity = runningQuality(results, 'editSimilarity');
  const logLikelihood = runningQuality(results, 'logLikelihood');
  const time = (latency: Latency) => running(results, (hole, index) => latencyOf(hole, index, mode, latency));
  const [cold, warm] = [time('cold'), time('warm')];
  const always = (latency: Latency) =>
    results.reduce(
      (sum, hole) => sum + latencyOf(hole, alwaysIndex(hole), { looksFirst: true, decisionMs: 0 }, latency),
      0,
    );
  const [alwaysCold, alwaysWarm] = [always('cold'), always('warm')];
  const abstained = running(results, (hole, index) => (hasContext(hole) && index === 0 ? 1 : 0));
  const rightly = running(results, (hole, index) =>
    hasContext(hole) && index === 0 && isAbstentionRight(hole) ? 1 : 0,
  );
  const all = [context, exactMatch, editSimilarity, logLikelihood, cold, warm, abstained, rightly];

  const point = (threshold: number | undefined): SweepPoint => ({
    ...(threshold !== undefined && Number.isFinite(threshold) && { threshold }),
    share: context.sum / holes,
    exactMatch: exactMatch.sum / exactMatch.holes,
    editSimilarity: editSimilarity.sum / editSimilarity.holes,
    ...(logLikelihood.holes > 0 && { logLikelihood: logLikelihood.sum / logLikelihood.holes }),
    coldMs: cold.sum / holes,
    warmMs: warm.sum / holes,
    speedUpCold: 1 - cold.sum / alwaysCold,
    speedUpWarm: 1 - warm.sum / alwaysWarm,
    abstained: abstained.sum,
    abstainedRightly: rightly.sum,
  });

  const points = [point(ranking.scores[0])];
  let at = 0;
  ranking.ends.forEach((end, group) => {
    for (; at < end; at++) {
      const row = ranking.rows[at] ?? 0;
      for (const number of all) number.sum += number.changes[row] ?? 0;
    }
    points.push(point(ranking.scores[group + 1]));
  });
  return points;
}

/** At most so many points, evenly spaced over the curve, both ends among them. */
export function thin<T>(points: readonly T[], most: number): T[] {
  if (points.length <= most) return [...points];
  const step = (points.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => points[Math.round(i * step)]).filter((p) => p !== undefined);
}

/** Change of a quality by context at each hole, undefined where it was not measured. */
export function gains(results: readonly HoleResult[], quality: Quality): (number | undefined)[] {
  if (quality === 'editSimilarity') return results.map(gainOf);
  return results.map((hole) => {
    if (!isMeasured(hole, quality)) return undefined;
    const value = (index: number) => qualityOf(outcomeAt(hole, index), quality) ?? NaN;
    return value(alwaysIndex(hole)) - value(0);
  });
}

function runningQuality(results: readonly HoleResult[], quality: Quality): Running {
  return running(results, (hole, index) =>
    isMeasured(hole, quality) ? qualityOf(outcomeAt(hole, index), quality) : undefined,
  );
}

function running(
  results: readonly HoleResult[],
  measure: (hole: HoleResult, index: number) => number | undefined,
): Running {
  const before = results.map((hole) => measure(hole, 0));
  return {
    sum: before.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    holes: before.filter((value) => value !== undefined).length,
    changes: results.map((hole, row) => (measure(hole, alwaysIndex(hole)) ?? 0) - (before[row] ?? 0)),
  };
}
