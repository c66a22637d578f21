import { score, type Tree } from '@repoformer/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalNumbers } from '../fit/testing.js';
import { binColumns, MAX_BINS } from './bins.js';
import { firstTrees, fitBoostedTrees, type BoostingOptions } from './boosted-trees.js';
import { growTree } from './grow-tree.js';
import { fitLogistic } from './logistic-regression.js';
import { Matrix } from './matrix.js';

const scoreRow = (scorer: Parameters<typeof score>[0], x: Matrix, row: number) =>
  score(scorer, [...x.row(row)]);

function normalMatrix(rows: number, columns: number, seed: number): Matrix {
  const normal = normalNumbers(seed);
  return new Matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));
}

describe('binColumns', () => {
  it('puts each row on the side of every edge that its value is on', () => {
    const value = fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ noNaN: true, min: -1e6, max: 1e6 }));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), (values) => {
        const { bins, edges } = binColumns(Matrix.of(values.map((each) => [each])));
        const distinct = new Set(values).size;
        expect(edges[0]!.length).toBeLessThan(MAX_BINS);
        if (distinct <= MAX_BINS) expect(edges[0]!.length).toBe(distinct - 1);
        values.forEach((each, row) => {
          edges[0]!.forEach((edge, bin) => expect(each <= edge).toBe(bins[0]![row]! <= bin));
        });
      }),
    );
  });
});

describe('growTree', () => {
  const options = { maxLeaves: 2, minRows: 1, penalty: 0.5, minGain: 1e-9, shrinkage: 1 };

  it('splits where trying every split of every column does', () => {
    const row = fc.tuple(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: -5, max: 5 }),
    );
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 2, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        (rows, minRows) => {
          const x = Matrix.of(rows.map(([a, b]) => [a, b]));
          const gradients = Float64Array.from(rows, ([, , g]) => -g);
          const curvatures = new Float64Array(rows.length).fill(1);
          const all = Uint32Array.from(rows.keys());
          const tree = growTree(binColumns(x), all, gradients, curvatures, {
            ...options,
            minRows,
            columns: [0, 1],
          });
          const worth = (of: readonly number[]) => {
            const sum = of.reduce((total, at) => total + gradients[at]!, 0);
            return (sum * sum) / (of.length + options.penalty);
          };
          let best = 0;
          for (const column of [0, 1] as const) {
            for (const edge of new Set(rows.map((each) => each[column]))) {
              const left = [...rows.keys()].filter((at) => rows[at]![column] <= edge);
              const right = [...rows.keys()].filter((at) => rows[at]![column] > edge);
              if (Math.min(left.length, right.length) < minRows) continue;
              best = Math.max(best, (worth(left) + worth(right) - worth([...rows.keys()])) / 2);
            }
          }
          const sides = sidesOf(tree, x);
          const gained =
            sides.length === 1 ? 0 : (worth(sides[0]!) + worth(sides[1]!) - worth([...rows.keys()])) / 2;
          expect(gained).toBeCloseTo(best, 9);
          sides.forEach((side, leaf) => {
            const sum = side.reduce((total, at) => total + gradients[at]!, 0);
            expect(tree.leaf[leaf]).toBeCloseTo(-sum / (side.length + options.penalty), 9);
          });
        },
      ),
    );
  });

  it('grows no leaf below its least size, and no more leaves than allowed', () => {
    const x = normalMatrix(300, 4, 9);
    const gradients = Float64Array.from(normalMatrix(300, 1, 10).data);
    const grown = growTree(
      binColumns(x),
      Uint32Array.from({ length: 300 }, (_, at) => at),
      gradients,
      new Float64Array(300).fill(1),
      {
        ...options,
        maxLeaves: 7,
        minRows: 20,
        columns: [0, 1, 2, 3],
      },
    );
    expect(grown.leaf).toHaveLength(7);
    for (const side of sidesOf(grown, x)) expect(side.length).toBeGreaterThanOrEqual(20);
  });
});

/** Rows of each leaf. */
function sidesOf(tree: Tree, x: Matrix): number[][] {
  const sides = tree.leaf.map((): number[] => []);
  const marked: Tree = { ...tree, leaf: tree.leaf.map((_, at) => at) };
  for (let row = 0; row < x.rows; row++)
    sides[scoreRow({ kind: 'trees', base: 0, trees: [marked] }, x, row)]!.push(row);
  return sides;
}

describe('fitBoostedTrees', () => {
  const options: BoostingOptions = {
    loss: 'squared',
    trees: 60,
    maxLeaves: 8,
    minRows: 10,
    shrinkage: 0.1,
    penalty: 1,
    rowShare: 0.8,
    columnShare: 1,
    seed: 3,
  };

  it('learns what no linear model can', () => {
    const x = normalMatrix(1_500, 4, 11);
    const y = Float64Array.from({ length: x.rows }, (_, row) =>
      x.row(row)[0]! * x.row(row)[1]! > 0 ? 1 : 0,
    );
    const fresh = normalMatrix(500, 4, 12);
    const accuracy = (scorer: Parameters<typeof score>[0]) => {
      let right = 0;
      for (let row = 0; row < fresh.rows; row++) {
        const truth = fresh.row(row)[0]! * fresh.row(row)[1]! > 0;
        if (scoreRow(scorer, fresh, row) > 0 === truth) right++;
      }
      return right / fresh.rows;
    };
    expect(accuracy(fitBoostedTrees(x, y, { ...options, loss: 'logistic' }))).toBeGreaterThan(0.9);
    expect(accuracy(fitLogistic(x, y, { penalty: 1 }))).toBeLessThan(0.6);
  });

  it('does not lose on its own rows as it grows, without sampling', () => {
    const x = normalMatrix(200, 3, 13);
    const y = Float64Array.from({ length: 200 }, (_, row) => Math.sin(2 * x.row(row)[0]!) + x.row(row)[1]!);
    const whole = fitBoostedTrees(x, y, { ...options, rowShare: 1 });
    const lossAfter = (count: number) => {
      const scorer = firstTrees(whole, count);
      return y.reduce((sum, value, row) => sum + (scoreRow(scorer, x, row) - value) ** 2, 0);
    };
    for (let count = 1; count <= 60; count++)
      expect(lossAfter(count)).toBeLessThanOrEqual(lossAfter(count - 1) + 1e-9);
    expect(lossAfter(60)).toBeLessThan(lossAfter(0) / 10);
  });

  it('is the same for the same seed, and another for another', () => {
    const x = normalMatrix(100, 3, 14);
    const y = Float64Array.from(normalMatrix(100, 1, 15).data);
    expect(fitBoostedTrees(x, y, options)).toEqual(fitBoostedTrees(x, y, options));
    expect(fitBoostedTrees(x, y, { ...options, seed: 4 })).not.toEqual(fitBoostedTrees(x, y, options));
  });
});
