import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterBootstrap } from './cluster-bootstrap.js';
import { brierScore, expectedCalibrationError, logLoss, reliability } from './probability-metrics.js';
import { abstentionPrecision, qiniArea, qiniCoefficient, qiniCurve, weightedQini } from './qini.js';
import { areaUnderRoc, correlation, rankCorrelation, ranksOf } from './ranking.js';

const few = fc.integer({ min: -3, max: 3 });
const rows = fc.array(fc.tuple(few, few), { minLength: 2, maxLength: 25 });

describe('ranking', () => {
  it('areaUnderRoc counts pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(few, fc.boolean()), { maxLength: 25 }), (items) => {
        let [won, pairs] = [0, 0];
        for (const [a, isPositive] of items) {
          for (const [b, isOther] of items) {
            if (!isPositive || isOther) continue;
            pairs++;
            won += a > b ? 1 : a === b ? 0.5 : 0;
          }
        }
        const area = areaUnderRoc(
          items.map(([score]) => score),
          items.map(([, is]) => is),
        );
        if (pairs === 0) expect(area).toBeNaN();
        else expect(area).toBeCloseTo(won / pairs, 12);
      }),
    );
  });

  it('ranks equal values alike', () => {
    expect([...ranksOf([5, 1, 5, 9])]).toEqual([2.5, 1, 2.5, 4]);
  });

  it('correlates', () => {
    expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
    expect(correlation([1, 2, 3], [5, 5, 5])).toBe(0);
    expect(rankCorrelation([1, 2, 3, 4], [1, 10, 100, -5])).toBeCloseTo(-0.2, 12);
    // A row of weight two is there twice.
    expect(correlation([1, 2, 4], [3, 1, 2], [1, 2, 1])).toBeCloseTo(
      correlation([1, 2, 2, 4], [3, 1, 1, 2]),
      12,
    );
  });
});

describe('probability metrics', () => {
  it('are those of the textbook', () => {
    const p = [0.8, 0.4];
    const truth = [true, false];
    expect(brierScore(p, truth)).toBeCloseTo((0.04 + 0.16) / 2, 12);
    expect(logLoss(p, truth)).toBeCloseTo(-(Math.log(0.8) + Math.log(0.6)) / 2, 12);
    expect(logLoss([0], [true])).toBeCloseTo(-Math.log(1e-6), 9);
  });

  it('bin by rank, so that every bin holds about as many', () => {
    const p = Array.from({ length: 100 }, (_, at) => (at / 100) ** 3);
    const bins = reliability(
      p,
      p.map((each) => each > 0.5),
      15,
    );
    expect(bins.map(({ count }) => count).every((count) => count === 6 || count === 7)).toBe(true);
    expect(bins.map((bin) => bin.meanProbability)).toEqual(
      bins.map((bin) => bin.meanProbability).sort((a, b) => a - b),
    );
    expect(expectedCalibrationError([0.1, 0.1, 0.9, 0.9], [false, false, true, true], 2)).toBeCloseTo(
      0.1,
      12,
    );
    expect(expectedCalibrationError([0.5, 0.5], [true, false], 1)).toBe(0);
  });
});

describe('qini', () => {
  it('is the mean gain over all as ever more get context', () => {
    expect(qiniCurve([3, 2, 1], [6, -3, 0])).toEqual([
      { x: 0, y: 0 },
      { x: 1 / 3, y: 2 },
      { x: 2 / 3, y: 1 },
      { x: 1, y: 1 },
    ]);
    // By trapezes: (2/2 + 3/2 + 2/2) / 3, less half of the end's height.
    expect(qiniArea([3, 2, 1], [6, -3, 0])).toBeCloseTo(3.5 / 3 - 0.5, 12);
  });

  it('is 1 for an oracle, 0 where all score alike, and turned round for the opposite order', () => {
    fc.assert(
      fc.property(rows, (items) => {
        const gains = items.map(([, gain]) => gain);
        const scores = items.map(([score]) => score);
        const best = qiniArea(gains, gains);
        expect(qiniCoefficient(gains, gains)).toBe(best > 0 ? 1 : 0);
        expect(
          qiniArea(
            gains.map(() => 7),
            gains,
          ),
        ).toBeCloseTo(0, 12);
        expect(qiniArea(scores, gains)).toBeLessThanOrEqual(best + 1e-12);
        expect(
          qiniArea(
            scores.map((each) => -each),
            gains,
          ),
        ).toBeCloseTo(-qiniArea(scores, gains), 9);
      }),
    );
  });

  it('counts rows by their weights as if they were there so often', () => {
    const weighted = fc.array(fc.tuple(few, few, fc.integer({ min: 0, max: 3 })), {
      minLength: 1,
      maxLength: 15,
    });
    fc.assert(
      fc.property(weighted, (items) => {
        const repeated = items.flatMap(([score, gain, weight]) =>
          Array.from({ length: weight }, () => [score, gain] as const),
        );
        const coefficient = weightedQini(
          items.map(([score]) => score),
          items.map(([, gain]) => gain),
        )(items.map(([, , weight]) => weight));
        const expected =
          repeated.length === 0
            ? 0
            : qiniCoefficient(
                repeated.map(([score]) => score),
                repeated.map(([, gain]) => gain),
              );
        expect(coefficient).toBeCloseTo(expected, 9);
      }),
    );
  });

  it('abstentionPrecision looks at abstentions only', () => {
    expect(abstentionPrecision([0.1, 0.2, 0.9], [0, 5, 5], 0.5)).toBe(0.5);
    expect(abstentionPrecision([0.9], [5], 0.5)).toBeNaN();
  });
});

describe('clusterBootstrap', () => {
  const mean = (values: readonly number[]) => (weights: Float64Array) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return values.reduce((sum, value, row) => sum + weights[row]! * value, 0) / total;
  };

  it('draws whole repositories', () => {
    const values = [0, 0, 0, 1, 1, 1];
    // Of two clusters that differ, a draw has one, both or the other: standard error sqrt(1/8).
    const alike = clusterBootstrap(['a', 'a', 'a', 'b', 'b', 'b'], mean(values), { draws: 4_000 });
    expect(alike.value).toBe(0.5);
    expect(Math.abs(alike.standardError - Math.sqrt(1 / 8))).toBeLessThan(0.01);
    expect([alike.low, alike.high]).toEqual([0, 1]);
    // Where every cluster holds all there is, nothing varies.
    expect(clusterBootstrap(['a', 'b', 'c', 'a', 'b', 'c'], mean(values)).standardError).toBe(0);
  });

  it('is the same for the same seed', () => {
    const of = (seed: number) => clusterBootstrap(['a', 'b', 'c'], mean([1, 2, 4]), { seed });
    expect(of(1)).toEqual(of(1));
    expect(of(1)).not.toEqual(of(2));
  });
});
