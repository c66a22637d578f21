import { weightedQiniArea } from '@repoformer/policy-tool';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Resampler } from './bootstrap.js';
import { qini } from './qini.js';
import { rank } from './ranking.js';

const each = (names: readonly unknown[]) =>
  new Resampler(
    names.map((_, row) => `${row}`),
    { resamples: 1 },
  );

/** The curve point by point: the mean gain when the best x % are given context, ties cut evenly; area by trapezoids. */
function naiveArea(scores: readonly number[], gains: readonly number[]): number {
  const n = scores.length;
  const y = (count: number) => {
    const sorted = [...scores].sort((a, b) => b - a);
    const cut = sorted[count - 1];
    if (cut === undefined) return 0;
    const above = gains.filter((_, i) => (scores[i] ?? 0) > cut);
    const tied = gains.filter((_, i) => scores[i] === cut);
    const sum = (list: number[]) => list.reduce((a, b) => a + b, 0);
    return (sum(above) + (sum(tied) * (count - above.length)) / tied.length) / n;
  };
  let area = 0;
  for (let count = 1; count <= n; count++) area += (y(count - 1) + y(count)) / (2 * n);
  return area - y(n) / 2;
}

describe('Qini', () => {
  const cases = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: -9, max: 9 })), {
    minLength: 1,
    maxLength: 25,
  });

  it('is the area that the curve drawn point by point has', () => {
    fc.assert(
      fc.property(cases, (pairs) => {
        const [scores, gains] = [pairs.map(([score]) => score), pairs.map(([, gain]) => gain)];
        const area = qini(scores, gains, each(pairs))?.area;
        // Where no order is better than another, there is nothing to compare an area with.
        if (area === undefined) expect(naiveArea(gains, gains)).toBeCloseTo(0, 9);
        else expect(area).toBeCloseTo(naiveArea(scores, gains), 9);
      }),
    );
  });

  it('counts a hole of weight two like two holes', () => {
    const weighted = weightedQiniArea([3, 2, 1], [4, -2, 1])([2, 1, 0]);
    expect(weighted).toBeCloseTo(naiveArea([3, 3, 2], [4, 4, -2]), 12);
  });

  it('is 1 for the oracle, -1 for its opposite, 0 for no opinion, and at most 1', () => {
    const gains = [5, 0, -3, 2, 0];
    const resampler = new Resampler(['a', 'b', 'c', 'd', 'e'], { resamples: 50 });
    const of = (scores: number[]) => qini(scores, gains, resampler)?.coefficient.estimate;
    expect(of(gains)).toBeCloseTo(1, 12);
    expect(of(gains.map((gain) => -gain))).toBeCloseTo(-1, 12);
    expect(of([1, 1, 1, 1, 1])).toBe(0);
    fc.assert(
      fc.property(cases, (pairs) => {
        const found = qini(
          pairs.map(([s]) => s),
          pairs.map(([, g]) => g),
          each(pairs),
        );
        if (found) expect(found.coefficient.estimate).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it('by hand: one of two holes gains 10, ranked first', () => {
    // Curve (0,0) (½,5) (1,5); its area is 3.75, the chord's 2.5.
    expect(qini([2, 1], [10, 0], each([2, 1]))?.area).toBe(1.25);
  });

  it('is not defined where there is nothing to rank, and leaves out what was not measured', () => {
    const resampler = new Resampler(['a', 'b', 'c']);
    expect(qini([3, 2, 1], [0, 0, 0], resampler)).toBeUndefined();
    expect(qini([3, 2, 1], [4, 4, 4], resampler)).toBeUndefined();
    expect(qini([3, 2, 1], [undefined, undefined, undefined], resampler)).toBeUndefined();
    expect(qini([9, 2, 1], [undefined, 10, 0], resampler)?.area).toBe(1.25);
  });
});

describe('Qini of missing answers', () => {
  it('has them last, in no order', () => {
    const gains = [5, 0, -3, 2, 0];
    const area = (missing: number) => qini([2, missing, 1, missing, missing], gains, each(gains))?.area;
    expect(area(-Infinity)).toBe(area(0));
  });
});

describe('rank', () => {
  it('keeps ties together and puts missing answers last', () => {
    expect(rank([1, 3, -Infinity, 3])).toEqual({
      rows: [1, 3, 0, 2],
      ends: [2, 3, 4],
      scores: [3, 1, -Infinity],
    });
  });
});
