import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../files/seeded-random.js';
import { kMeans } from './k-means.js';
import { hashedTfIdf, type SparseVector } from './sparse-vector.js';

const DIMENSIONS = 6;

function sparse(dense: readonly number[]): SparseVector {
  const indices = dense.flatMap((value, index) => (value === 0 ? [] : [index]));
  return {
    indices: Uint32Array.from(indices),
    values: Float64Array.from(indices, (index) => dense[index]!),
  };
}

const squaredDistance = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0);

const anyVector = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: -5, max: 5 })), {
  minLength: DIMENSIONS,
  maxLength: DIMENSIONS,
});

describe('kMeans', () => {
  it('gives each vector to its nearest centre, as measured the naive way', () => {
    fc.assert(
      fc.property(
        fc.array(anyVector, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 8 }),
        fc.string(),
        (dense, clusters, seed) => {
          const options = { clusters, dimensions: DIMENSIONS, random: seededRandom(seed) };
          const { assignment, centres } = kMeans(dense.map(sparse), options);
          const rows = Array.from({ length: centres.length / DIMENSIONS }, (_, row) => [
            ...centres.subarray(row * DIMENSIONS, (row + 1) * DIMENSIONS),
          ]);
          expect(rows).toHaveLength(Math.min(clusters, dense.length));
          dense.forEach((vector, index) => {
            const distances = rows.map((row) => squaredDistance(vector, row));
            expect(distances[assignment[index]!]).toBeCloseTo(Math.min(...distances), 8);
          });
        },
      ),
    );
  });

  it('ends with centres that are the means of their vectors', () => {
    fc.assert(
      fc.property(fc.array(anyVector, { minLength: 1, maxLength: 30 }), fc.string(), (dense, seed) => {
        const options = { clusters: 4, dimensions: DIMENSIONS, random: seededRandom(seed), maxRounds: 1_000 };
        const { assignment, centres } = kMeans(dense.map(sparse), options);
        for (const cluster of new Set(assignment)) {
          const own = dense.filter((_, index) => assignment[index] === cluster);
          for (let at = 0; at < DIMENSIONS; at++) {
            const mean = own.reduce((sum, vector) => sum + vector[at]!, 0) / own.length;
            expect(centres[cluster * DIMENSIONS + at]).toBeCloseTo(mean, 8);
          }
        }
      }),
    );
  });

  it('finds groups that are far apart, the same for the same seed', () => {
    const groups = [0, 1, 2].flatMap((group) =>
      Array.from({ length: 10 }, (_, i) => {
        const vector = Array<number>(DIMENSIONS).fill(0);
        vector[group * 2] = 100 + (i % 3);
        return vector;
      }),
    );
    const run = () =>
      kMeans(groups.map(sparse), { clusters: 3, dimensions: DIMENSIONS, random: seededRandom('s') })
        .assignment;
    const assignment = run();
    for (const group of [0, 1, 2]) {
      expect(new Set(assignment.slice(group * 10, group * 10 + 10)).size).toBe(1);
    }
    expect(new Set(assignment).size).toBe(3);
    expect(run()).toEqual(assignment);
  });
});

describe('hashedTfIdf', () => {
  it('gives vectors of length 1, sorted indices, and 0 for a text without words', () => {
    const vectors = hashedTfIdf(['a b a c', '+++', 'a d e'], 512);
    const lengths = vectors.map(({ values }) => Math.hypot(...values));
    expect(lengths[0]).toBeCloseTo(1, 12);
    expect(lengths[1]).toBe(0);
    for (const { indices } of vectors) expect([...indices]).toEqual([...indices].sort((a, b) => a - b));
  });

  it('makes texts of the same rare words nearer than texts of the same common ones', () => {
    const common = 'self return None';
    const texts = [
      `${common} alpha beta`,
      `${common} alpha beta gamma`,
      `${common} delta`,
      `${common} epsilon`,
    ];
    const [first, second, third] = hashedTfIdf(texts, 4_096).map(({ indices, values }) => {
      const dense = Array<number>(4_096).fill(0);
      indices.forEach((index, i) => (dense[index] = values[i]!));
      return dense;
    });
    expect(squaredDistance(first!, second!)).toBeLessThan(squaredDistance(first!, third!));
  });
});
