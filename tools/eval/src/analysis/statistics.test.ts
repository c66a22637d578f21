import { describe, expect, it } from 'vitest';
import { createRandom, mean, spreadOf } from './statistics.js';

describe('statistics', () => {
  it('takes quantiles by weight: the smallest value that carries enough', () => {
    const values = [5, 1, 4, 2, 3].map((value) => ({ value, weight: 1 }));
    expect(spreadOf(values)).toEqual({ mean: 3, p50: 3, p95: 5 });
    const weighted = [
      { value: 10, weight: 0.1 },
      { value: 20, weight: 0.4 },
      { value: 30, weight: 0.5 },
    ];
    expect(spreadOf(weighted)).toEqual({ mean: 24, p50: 20, p95: 30 });
  });

  it('reaches a quantile that sums of fractions just miss', () => {
    const tenths = Array.from({ length: 10 }, (_, value) => ({ value, weight: 0.1 }));
    expect(spreadOf(tenths).p50).toBe(4);
  });

  it('leaves out what has no weight', () => {
    const sample = [
      { value: 1, weight: 0 },
      { value: 2, weight: 1 },
    ];
    expect(spreadOf(sample)).toEqual({ mean: 2, p50: 2, p95: 2 });
    expect(mean([])).toBeNaN();
  });

  it('draws evenly and the same for the same seed', () => {
    const random = createRandom(1);
    const drawn = Array.from({ length: 20_000 }, random);
    expect(drawn.every((value) => value >= 0 && value < 1)).toBe(true);
    const buckets = Array.from(
      { length: 10 },
      (_, i) => drawn.filter((v) => Math.floor(v * 10) === i).length,
    );
    // Four standard deviations of a binomial with n = 20,000 and p = 0.1.
    for (const bucket of buckets) expect(Math.abs(bucket - 2000)).toBeLessThan(170);
    const again = createRandom(1);
    expect(drawn.slice(0, 5)).toEqual(Array.from({ length: 5 }, again));
  });
});
