import { calibrate, sigmoid } from '@repoformer/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalNumbers } from '../fit/testing.js';
import { fitCalibration, fitIsotonic, fitPlatt } from './calibration.js';
import { seededRandom } from './seeded-random.js';

describe('calibration', () => {
  it('isotonic regression is the best of all functions that do not fall', () => {
    // Brute force: every way of cutting the sorted points into pools, each at its mean.
    const point = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 }));
    fc.assert(
      fc.property(fc.array(point, { minLength: 1, maxLength: 9 }), (points) => {
        const fitted = fitIsotonic(
          Float64Array.from(points, ([x]) => x),
          Float64Array.from(points, ([, y]) => y),
        );
        for (let at = 1; at < fitted.x.length; at++) {
          expect(fitted.x[at]).toBeGreaterThan(fitted.x[at - 1]!);
          expect(fitted.y[at]).toBeGreaterThan(fitted.y[at - 1]!);
        }
        const values = [...new Set(points.map(([x]) => x))].sort((a, b) => a - b);
        let best = { loss: Infinity, at: (_x: number) => NaN };
        for (let cuts = 0; cuts < 2 ** (values.length - 1); cuts++) {
          const poolOf = new Map<number, number>();
          let current = 0;
          values.forEach((value, at) => {
            if (at > 0 && (cuts >> (at - 1)) & 1) current++;
            poolOf.set(value, current);
          });
          const means = Array.from({ length: current + 1 }, (_, id) =>
            meanOf(points.filter(([x]) => poolOf.get(x) === id).map(([, y]) => y)),
          );
          if (means.some((mean, at) => at > 0 && mean < means[at - 1]!)) continue;
          const at = (x: number) => means[poolOf.get(x)!]!;
          const loss = points.reduce((sum, [x, y]) => sum + (at(x) - y) ** 2, 0);
          if (loss < best.loss - 1e-12) best = { loss, at };
        }
        // Its levels, each at the mean score of the points on it.
        const levels = [...new Set(values.map((x) => Math.round(best.at(x) * 1e9)))];
        expect(fitted.y.map((y) => Math.round(y * 1e9))).toEqual(levels);
        levels.forEach((level, at) => {
          const on = points.filter(([x]) => Math.round(best.at(x) * 1e9) === level).map(([x]) => x);
          expect(fitted.x[at]).toBeCloseTo(meanOf(on), 9);
        });
      }),
    );
  });

  it('Platt finds the sigmoid that made the labels', () => {
    const normal = normalNumbers(16);
    const random = seededRandom(17);
    const scores = Float64Array.from({ length: 20_000 }, normal);
    const labels = Array.from(scores, (s) => random() < sigmoid(2 * s - 1));
    const { a, b } = fitPlatt(scores, labels);
    expect(Math.abs(a - 2)).toBeLessThan(0.1);
    expect(Math.abs(b + 1)).toBeLessThan(0.1);
  });

  it('gives the base rate where the scores rank the wrong way round', () => {
    const scores = Float64Array.from({ length: 200 }, (_, at) => at / 100);
    const inverted = fitPlatt(
      scores,
      Array.from(scores, (_, at) => at < 60),
    );
    expect(inverted.a).toBeGreaterThan(0);
    for (const s of [-5, 0, 5]) expect(calibrate(inverted, s)).toBeCloseTo(0.3, 1);
  });

  it('takes a free curve only where there are data enough', () => {
    const kindOf = (count: number) => {
      const random = seededRandom(18);
      const scores = Float64Array.from({ length: count }, random);
      return fitCalibration(
        scores,
        Array.from(scores, (s) => random() < s),
      ).kind;
    };
    expect([kindOf(500), kindOf(4_000)]).toEqual(['platt', 'isotonic']);
  });
});

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
