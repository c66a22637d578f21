import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HoleResult } from '../results.js';
import { abstentionsOf } from './abstention.js';
import { Resampler } from './bootstrap.js';
import { clusterNames } from './clusters.js';
import { modeRows } from './mode-table.js';
import { policyMode } from './modes.js';
import { saidBy } from './policies.js';
import { rank } from './ranking.js';
import { sweep, thin } from './sweep.js';
import { arbitraryResults } from './testing.js';

const rankedByP = (results: readonly HoleResult[]) =>
  rank(results.map((hole) => saidBy(hole, 'p') ?? -Infinity));

/** One threshold at a time, through the table of modes. */
function naive(
  results: readonly HoleResult[],
  threshold: number,
  cost: { looksFirst: boolean; decisionMs: number },
) {
  const mode = policyMode(results, { name: 'p', threshold, label: '', description: '', ...cost }, 'listed');
  const resampler = new Resampler(clusterNames(results, 'repository'), { resamples: 2 });
  const [row] = modeRows(results, [mode], resampler);
  const { abstained, right } = abstentionsOf(results, mode, resampler);
  return { row, abstained, right };
}

describe('sweep', () => {
  it('agrees with judging each threshold by itself', () => {
    const cost = fc.record({ looksFirst: fc.boolean(), decisionMs: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(arbitraryResults(), cost, (results, how) => {
        const points = sweep(results, rankedByP(results), how);
        const thresholds = new Set(results.map((hole) => saidBy(hole, 'p')));
        // A point for never and one behind each group of equal answers; no answer is a group too.
        expect(points).toHaveLength(thresholds.size + 1);
        for (const point of points) {
          if (point.threshold === undefined) continue;
          const { row, abstained, right } = naive(results, point.threshold, how);
          expect(point.share).toBeCloseTo(row?.share ?? NaN, 9);
          expect(point.editSimilarity).toBeCloseTo(row?.quality.editSimilarity?.estimate ?? NaN, 9);
          expect(point.exactMatch).toBeCloseTo(row?.quality.exactMatch?.estimate ?? NaN, 9);
          const likelihood = row?.quality.logLikelihood?.estimate;
          if (likelihood === undefined) expect(point.logLikelihood).toBeUndefined();
          else expect(point.logLikelihood).toBeCloseTo(likelihood, 9);
          expect(point.coldMs).toBeCloseTo(row?.latency.cold.mean ?? NaN, 6);
          expect(point.warmMs).toBeCloseTo(row?.latency.warm.mean ?? NaN, 6);
          if (row?.speedUp.cold) expect(point.speedUpCold).toBeCloseTo(row.speedUp.cold.estimate, 6);
          expect(point).toMatchObject({ abstained, abstainedRightly: right });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('ends where always is', () => {
    fc.assert(
      fc.property(arbitraryResults(), (results) => {
        const last = sweep(results, rankedByP(results), { looksFirst: true, decisionMs: 0 }).at(-1);
        const always = results.map(({ outcomes }) => outcomes.at(-1)?.editSimilarity ?? 0);
        expect(last?.editSimilarity).toBeCloseTo(always.reduce((sum, es) => sum + es, 0) / results.length, 9);
        expect(last?.abstained).toBe(0);
      }),
    );
  });
});

describe('thin', () => {
  it('keeps both ends and the number asked for', () => {
    const points = Array.from({ length: 1000 }, (_, i) => i);
    const kept = thin(points, 11);
    expect(kept).toHaveLength(11);
    expect([kept[0], kept.at(-1)]).toEqual([0, 999]);
    expect(thin([1, 2, 3], 11)).toEqual([1, 2, 3]);
  });
});
