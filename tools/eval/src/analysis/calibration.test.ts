import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Resampler } from './bootstrap.js';
import { calibrationOf } from './calibration.js';
import { effectOf } from './effect.js';
import { examplesOf } from './examples.js';
import { hasContext, isAbstentionRight } from './outcomes.js';
import { saidBy } from './policies.js';
import { riskCoverage } from './risk-coverage.js';
import { arbitraryResults, sketchHole } from './testing.js';

const said = (p: number, gain: number) => sketchHole({ similarities: [50, 50 + gain], policies: { p } });

describe('calibration', () => {
  it('by hand: Brier, log loss, expected calibration error', () => {
    const found = calibrationOf([said(0.2, 0), said(0.2, 10), said(0.8, 10), said(0.8, 10)], 'p', 2);
    expect(found).toMatchObject({ holes: 4, positives: 0.75, baseBrier: 0.1875 });
    expect(found?.bins).toEqual([
      { holes: 2, said: 0.2, seen: 0.5 },
      { holes: 2, said: 0.8, seen: 1 },
    ]);
    expect(found?.brier).toBeCloseTo((0.04 + 0.64 + 0.04 + 0.04) / 4, 12);
    expect(found?.logLoss).toBeCloseTo(-(3 * Math.log(0.8) + Math.log(0.2)) / 4, 12);
    expect(found?.ece).toBeCloseTo(0.25, 12);
  });

  it('has no infinite loss for a sure mistake', () => {
    expect(calibrationOf([said(0, 10)], 'p')?.logLoss).toBeCloseTo(-Math.log(1e-6), 9);
  });

  it('is not for what is no probability, or says nothing', () => {
    expect(calibrationOf([said(1.2, 0)], 'p')).toBeUndefined();
    expect(calibrationOf([said(0.5, 0)], 'q')).toBeUndefined();
    expect(calibrationOf([said(0.5, 0)], 'similarity')).toBeUndefined();
    expect(calibrationOf([sketchHole({ similarities: [1], policies: { p: 0.5 } })], 'p')).toBeUndefined();
  });

  it('makes bins of equal mass, never more than asked for, none across equal answers', () => {
    const distinct = Array.from({ length: 150 }, (_, i) => said(i / 150, i % 3));
    expect(calibrationOf(distinct, 'p')?.bins.map(({ holes }) => holes)).toEqual(Array(15).fill(10));
    const answers = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 8 }), (twelfths, bins) => {
        const found = calibrationOf(
          twelfths.map((one) => said(one / 12, one % 2)),
          'p',
          bins,
        );
        expect(found?.bins.length).toBeLessThanOrEqual(bins);
        expect(found?.bins.reduce((sum, { holes }) => sum + holes, 0)).toBe(twelfths.length);
        const means = found?.bins.map((bin) => bin.said) ?? [];
        expect(means).toEqual([...means].sort((a, b) => a - b));
        expect(new Set(means).size).toBe(means.length);
      }),
    );
  });
});

describe('risk and coverage', () => {
  it('by hand', () => {
    const found = riskCoverage([said(0.1, 0), said(0.2, 5), said(0.3, 0), said(0.4, 5)], 'p');
    expect(found?.points).toEqual([
      { coverage: 0.25, risk: 0 },
      { coverage: 0.5, risk: 0.5 },
      { coverage: 0.75, risk: 1 / 3 },
      { coverage: 1, risk: 0.5 },
    ]);
    expect(found?.aurc).toBeCloseTo((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4, 12);
    expect(found?.augrc).toBeCloseTo((0 + 1 + 1 + 2) / 16, 12);
  });

  it('scores ties like dice, and agrees with counting', () => {
    const tied = riskCoverage([said(0.5, 5), said(0.5, 0), said(0.5, 0), said(0.5, 0)], 'p');
    expect(tied?.aurc).toBeCloseTo(tied?.random.aurc ?? NaN, 12);
    expect(tied?.augrc).toBeCloseTo(tied?.random.augrc ?? NaN, 12);
    fc.assert(
      fc.property(arbitraryResults(), (results) => {
        const holes = results.filter(hasContext);
        for (const { coverage, risk } of riskCoverage(results, 'p')?.points ?? []) {
          const covered = Math.round(coverage * holes.length);
          const answer = (hole: (typeof holes)[number]) => saidBy(hole, 'p') ?? -Infinity;
          const limit = holes.map(answer).sort((a, b) => (a === b ? 0 : a - b))[covered - 1] ?? NaN;
          const abstained = holes.filter((hole) => answer(hole) <= limit);
          expect(abstained).toHaveLength(covered);
          expect(risk).toBeCloseTo(abstained.filter((hole) => !isAbstentionRight(hole)).length / covered, 12);
        }
      }),
    );
  });

  it('is not defined without context', () => {
    expect(riskCoverage([sketchHole({ similarities: [1] })], 'p')).toBeUndefined();
  });
});

describe('the effect of retrieval', () => {
  it('puts each hole into one bin, no change apart', () => {
    const gains = [-50, -10, -0.5, 0, 0, 0.5, 10, 10.5, 50];
    const holes = [...gains.map((gain) => said(0, gain)), sketchHole({ similarities: [5] })];
    const effect = effectOf(holes, new Resampler(holes.map(({ id }) => id)));
    expect(effect).toMatchObject({ holes: 9, withoutHits: 1, unchanged: 2 });
    const filled = effect.bins.filter((bin) => bin.holes > 0);
    expect(filled).toEqual([
      { from: -50, to: -40, holes: 1 },
      { from: -10, to: 0, holes: 2 },
      { from: 0, to: 10, holes: 2 },
      { from: 10, to: 20, holes: 1 },
      { from: 40, to: 50, holes: 1 },
    ]);
    expect(effect.better?.estimate).toBeCloseTo(4 / 9, 12);
    expect(effect.worse?.estimate).toBeCloseTo(3 / 9, 12);
    expect(effect.notBetter?.estimate).toBeCloseTo(5 / 9, 12);
    expect(effect.gainWhereBetter).toBeCloseTo(71 / 4, 12);
    expect(effect.lossWhereWorse).toBeCloseTo(-60.5 / 3, 12);
  });

  it('takes rounding for no change', () => {
    const hole = sketchHole({ similarities: [0.1 + 0.2, 0.3] });
    expect(effectOf([hole], new Resampler(['a'])).unchanged).toBe(1);
  });
});

describe('examples', () => {
  it('are the extremes, one a file, the same for the same results', () => {
    const at = (id: string, path: string, gain: number) =>
      sketchHole({ id, path, similarities: [50, 50 + gain] });
    const holes = [
      at('1', 'a', 10),
      at('2', 'a', 40),
      at('3', 'b', 20),
      at('4', 'c', -30),
      at('5', 'd', 0),
      at('6', 'e', 20),
    ];
    const { helped, hurt } = examplesOf(holes, 2);
    expect(helped.map(({ id }) => id)).toEqual(['2', '3']);
    expect(hurt.map(({ id }) => id)).toEqual(['4']);
    expect(examplesOf([...holes].reverse(), 2)).toEqual({ helped, hurt });
  });
});
