import { describe, expect, it } from 'vitest';
import { wordSet } from './word-set.js';
import { weighWords, WindowScore } from './word-weights.js';

function weigh(closeness: readonly number[], frequencies: readonly number[], count: number) {
  const words = wordSet(closeness.map((_, i) => `w${i}`).join(' '));
  return weighWords({ words, closeness: Float64Array.from(closeness) }, Uint32Array.from(frequencies), {
    count,
    averageSize: 30,
  });
}

describe('weighWords', () => {
  it('weighs by rarity and closeness', () => {
    // ln(1 + 99.5 / 1.5) = 4.2095; ln(1 + 50.5 / 50.5) = 0.6931; ln(1 + 100.5 / 0.5) = 5.3083.
    const { weights, total } = weigh([1, 1, 0.5], [1, 50, 0], 100);
    expect([...weights]).toEqual([269, 44, 169]);
    expect(total).toBe(482);
  });

  it('leaves out common words where there are many windows', () => {
    expect([...weigh([1, 1], [1001, 1000], 8000).weights].map(Boolean)).toEqual([false, true]);
    expect([...weigh([1, 1], [1001, 1000], 4000).weights].map(Boolean)).toEqual([true, true]);
  });

  it('keeps the sum within 16 bits, whatever the query', () => {
    const many = Array.from({ length: 3000 }, () => 1);
    const { weights, total } = weigh(
      many,
      many.map(() => 0),
      1e6,
    );
    expect(total).toBeLessThanOrEqual(65_535);
    expect(total).toBeGreaterThan(60_000);
    expect(weights.every((weight) => weight > 0)).toBe(true);
  });

  it('weighs nothing in an empty query or index', () => {
    expect(weigh([], [], 10).total).toBe(0);
    expect(weigh([1], [0], 0).total).toBeGreaterThan(0);
  });
});

describe('WindowScore', () => {
  it('is the share of the weight, less for longer windows', () => {
    const score = new WindowScore({ total: 200, averageSize: 30 });
    // Of average length: 1.3 / 2.2; twice as long: 1.3 / 3.1.
    expect(score.of(100, 30)).toBeCloseTo(0.5 * (1.3 / 2.2), 12);
    expect(score.of(200, 60)).toBeCloseTo(1.3 / 3.1, 12);
    expect(score.of(0, 30)).toBe(0);
  });

  it('knows the least sum for a score', () => {
    const score = new WindowScore({ total: 65_535, averageSize: 31.7 });
    for (let sum = 1; sum < 60_000; sum += 997) {
      for (const size of [1, 17, 300]) {
        const least = score.leastSum(score.of(sum, size), size);
        expect(least).toBeLessThanOrEqual(sum);
        expect(least).toBeGreaterThan(sum - 1);
      }
    }
  });
});
