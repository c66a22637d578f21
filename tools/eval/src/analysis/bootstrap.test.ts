import { describe, expect, it } from 'vitest';
import { Resampler } from './bootstrap.js';
import { clusterNames, clusterUnitOf } from './clusters.js';
import { sketchHole } from './testing.js';

describe('Resampler', () => {
  it('gives the mean of rows, and the standard error of the mean of as many clusters', () => {
    // One row a cluster: the bootstrap's standard error is the population's deviation over the root of n.
    const column = Array.from({ length: 40 }, (_, i) => i);
    const interval = new Resampler(column.map(String), { resamples: 20_000 }).ofMean(column);
    const deviation = Math.sqrt((40 ** 2 - 1) / 12);
    expect(interval?.estimate).toBe(19.5);
    expect(interval?.standardError).toBeCloseTo(deviation / Math.sqrt(40), 1);
    expect(interval?.low).toBeCloseTo(19.5 - (1.96 * deviation) / Math.sqrt(40), 0);
    expect(interval?.high).toBeCloseTo(19.5 + (1.96 * deviation) / Math.sqrt(40), 0);
  });

  it('draws clusters, not rows: copies of a row make nothing more certain', () => {
    const few = new Resampler(['a', 'b', 'c']).ofMean([1, 2, 6]);
    const copies = new Resampler(['a', 'b', 'c'].flatMap((name) => Array<string>(50).fill(name))).ofMean(
      [1, 2, 6].flatMap((value) => Array<number>(50).fill(value)),
    );
    expect(copies?.low).toBeCloseTo(few?.low ?? NaN, 9);
    expect(copies?.standardError).toBeCloseTo(few?.standardError ?? NaN, 9);
  });

  it('weighs clusters by their rows', () => {
    const all = new Resampler(['a', 'a', 'a', 'b']).ofMean([1, 1, 1, 5]);
    expect(all?.estimate).toBe(2);
    // Three kinds of resamples: both a, one of each, both b.
    expect(all?.low).toBe(1);
    expect(all?.high).toBe(5);
  });

  it('takes row weights on the same draws as column sums', () => {
    const names = ['a', 'b', 'a', 'c', 'd'];
    const column = [3, 1, 4, 1, 5];
    const resampler = new Resampler(names);
    const byWeights = resampler.ofWeights((weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return column.reduce((sum, value, row) => sum + value * (weights[row] ?? 0), 0) / total;
    });
    const byColumn = resampler.ofMean(column);
    expect(byWeights?.low).toBeCloseTo(byColumn?.low ?? NaN, 12);
    expect(byWeights?.high).toBeCloseTo(byColumn?.high ?? NaN, 12);
  });

  it('is the same for the same seed, another for another', () => {
    const column = Array.from({ length: 30 }, (_, i) => (i * 7) % 11);
    const names = column.map((_, i) => `${i}`);
    const at = (seed: number) => new Resampler(names, { seed }).ofMean(column);
    expect(at(1)).toEqual(at(1));
    expect(at(1)?.standardError).not.toBe(at(2)?.standardError);
  });

  it('gives no bounds with one cluster, and nothing where the statistic is not defined', () => {
    expect(new Resampler(['a', 'a']).ofMean([1, 3])).toEqual({ estimate: 2 });
    expect(new Resampler(['a', 'b']).ofMean([undefined, undefined])).toBeUndefined();
    // Only one of ten clusters has the number: more than half of the resamples hold it, so bounds exist.
    const rare = new Resampler(Array.from({ length: 10 }, (_, i) => `${i}`)).ofMean([
      4,
      ...Array<undefined>(9),
    ]);
    expect(rare).toEqual({ estimate: 4, low: 4, high: 4, standardError: 0 });
  });

  it('does not call a share certain because all agree', () => {
    const names = Array.from({ length: 10 }, (_, i) => `${i}`);
    const [ones, zeros] = [names.map(() => 1), names.map(() => 0)];
    const resampler = new Resampler(names);
    // Clopper and Pearson: with ten of ten, 0.025 ** (1 / 10) = 0.6915.
    expect(resampler.ofShare(ones, ones)).toMatchObject({ estimate: 1, high: 1 });
    expect(resampler.ofShare(ones, ones)?.low).toBeCloseTo(0.6915, 4);
    expect(resampler.ofShare(zeros, ones)?.high).toBeCloseTo(0.3085, 4);
    expect(resampler.ofShare(zeros, zeros)).toBeUndefined();
  });
});

describe('clusters', () => {
  const holes = (repositories: number, files: number) =>
    Array.from({ length: 40 }, (_, i) =>
      sketchHole({ similarities: [1], repository: `r${i % repositories}`, path: `f${i % files}` }),
    );

  it('are repositories where there are five, else files, else holes', () => {
    expect(clusterUnitOf(holes(5, 1))).toBe('repository');
    expect(clusterUnitOf(holes(1, 5))).toBe('file');
    expect(clusterUnitOf(holes(1, 4))).toBe('hole');
  });

  it('tell files of the same path in two repositories apart', () => {
    expect(new Set(clusterNames(holes(4, 1), 'file')).size).toBe(4);
  });
});
