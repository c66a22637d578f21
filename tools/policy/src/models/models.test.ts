import { calibrate, score, sigmoid, type Tree } from '@repoformer/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binColumns, MAX_BINS } from './bins.js';
import { fitBoostedTrees, firstTrees, type BoostingOptions } from './boosted-trees.js';
import { fitCalibration, fitIsotonic, fitPlatt } from './calibration.js';
import { growTree } from './grow-tree.js';
import { fitLogistic } from './logistic-regression.js';
import { Matrix, solvePositiveDefinite } from './matrix.js';
import { fitRidge } from './ridge-regression.js';
import { seededRandom } from './seeded-random.js';
import { fitSparseLogistic } from './sparse-logistic.js';
import { normalNumbers } from '../fit/testing.js';

const scoreRow = (scorer: Parameters<typeof score>[0], x: Matrix, row: number) => score(scorer, [...x.row(row)]);

function normalMatrix(rows: number, columns: number, seed: number): Matrix {
  const normal = normalNumbers(seed);
  return new Matrix(rows, columns, Float64Array.from({ length: rows * columns }, normal));
}

describe('solvePositiveDefinite', () => {
  it('solves what it is given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer(), (size, seed) => {
        const b = normalMatrix(size, size, seed);
        const a = new Float64Array(size * size);
        for (let i = 0; i < size; i++) {
          for (let j = 0; j < size; j++) {
            for (let k = 0; k < size; k++) a[i * size + j]! += b.row(i)[k]! * b.row(j)[k]!;
          }
          a[i * size + i]! += 1;
        }
        const wanted = Float64Array.from({ length: size }, (_, i) => i - 2);
        const right = Float64Array.from(wanted, (_, i) =>
          wanted.reduce((sum, value, j) => sum + value * a[i * size + j]!, 0),
        );
        solvePositiveDefinite(a, right).forEach((value, i) => expect(value).toBeCloseTo(wanted[i]!, 6));
      }),
    );
    expect(() => solvePositiveDefinite(Float64Array.of(-1), Float64Array.of(1))).toThrow(RangeError);
  });
});

describe('fitRidge', () => {
  it('is the solution of least squares where nothing is penalised', () => {
    const x = Matrix.of([[0], [1], [2], [3]]);
    const line = fitRidge(x, Float64Array.of(1, 3, 5, 7), { penalty: 1e-9 });
    expect(scoreRow(line, Matrix.of([[10]]), 0)).toBeCloseTo(21, 6);
  });

  it('has a gradient of zero', () => {
    const x = normalMatrix(60, 5, 3);
    const y = Float64Array.from(normalMatrix(60, 1, 4).data);
    const penalty = 7;
    const model = fitRidge(x, y, { penalty });
    const loss = (weights: readonly number[], bias: number) => {
      let sum = 0;
      for (let row = 0; row < x.rows; row++) sum += (scoreRow({ ...model, weights, bias }, x, row) - y[row]!) ** 2;
      return sum + penalty * weights.reduce((total, w) => total + w * w, 0);
    };
    expectFlat(loss, model.weights, model.bias);
  });
});

/** Central differences in every direction are zero. */
function expectFlat(
  loss: (weights: readonly number[], bias: number) => number,
  weights: readonly number[],
  bias: number,
): void {
  const step = 1e-4;
  const moved = (at: number, by: number) => weights.map((w, i) => (i === at ? w + by : w));
  weights.forEach((_, at) => {
    expect((loss(moved(at, step), bias) - loss(moved(at, -step), bias)) / (2 * step)).toBeCloseTo(0, 4);
  });
  expect((loss(weights, bias + step) - loss(weights, bias - step)) / (2 * step)).toBeCloseTo(0, 4);
}

describe('fitLogistic', () => {
  it('has a gradient of zero, whatever the weights of the rows', () => {
    const x = normalMatrix(80, 4, 5);
    const random = seededRandom(6);
    const y = Float64Array.from({ length: 80 }, (_, row) => (random() < sigmoid(x.row(row)[0]! - 0.5) ? 1 : 0));
    const weights = Float64Array.from({ length: 80 }, random);
    const penalty = 0.7;
    const model = fitLogistic(x, y, { penalty, weights });
    expectFlat(
      (w, bias) => {
        let sum = 0;
        for (let row = 0; row < x.rows; row++) {
          const s = scoreRow({ ...model, weights: w, bias }, x, row);
          sum += weights[row]! * (Math.log1p(Math.exp(s)) - y[row]! * s);
        }
        return sum + (penalty / 2) * w.reduce((total, each) => total + each * each, 0);
      },
      model.weights,
      model.bias,
    );
  });

  it('finds the weights that made the data', () => {
    const x = normalMatrix(20_000, 3, 7);
    const random = seededRandom(8);
    const truth = [1.5, -0.7, 0];
    const y = Float64Array.from({ length: x.rows }, (_, row) =>
      random() < sigmoid(x.row(row).reduce((sum, value, at) => sum + value * truth[at]!, 0.4)) ? 1 : 0,
    );
    const { weights, scale, mean, bias } = fitLogistic(x, y, { penalty: 1e-3 });
    const raw = weights.map((w, at) => w / scale[at]!);
    raw.forEach((w, at) => expect(Math.abs(w - truth[at]!)).toBeLessThan(0.08));
    const constant = raw.reduce((sum, w, at) => sum - w * mean[at]!, bias);
    expect(Math.abs(constant - 0.4)).toBeLessThan(0.08);
  });

  it('gives the base rate where nothing else is known', () => {
    const flat = Matrix.of(Array.from({ length: 10 }, () => [3]));
    const y = Float64Array.from({ length: 10 }, (_, row) => (row < 3 ? 1 : 0));
    const model = fitLogistic(flat, y, { penalty: 1 });
    expect(sigmoid(scoreRow(model, flat, 0))).toBeCloseTo(0.3, 6);
    expect(model.weights[0]).toBeCloseTo(0, 9);
  });

  it('stays finite where the rows are perfectly separated, or all alike', () => {
    const x = Matrix.of([[-1], [-2], [1], [2]]);
    const separated = fitLogistic(x, Float64Array.of(0, 0, 1, 1), { penalty: 1e-6 });
    const same = fitLogistic(x, Float64Array.of(1, 1, 1, 1), { penalty: 1 });
    for (const model of [separated, same]) expect(Number.isFinite(scoreRow(model, x, 0))).toBe(true);
    expect(scoreRow(separated, x, 3)).toBeGreaterThan(5);
  });
});

describe('fitSparseLogistic', () => {
  const x = normalMatrix(400, 12, 20);
  const random = seededRandom(21);
  const y = Float64Array.from({ length: 400 }, (_, row) =>
    random() < sigmoid(1.2 * x.row(row)[3]! - 0.9 * x.row(row)[7]!) ? 1 : 0,
  );

  it('meets the conditions of an optimum', () => {
    const share = 0.2;
    const model = fitSparseLogistic(x, y, { share });
    const column = (at: number) => Array.from({ length: 400 }, (_, row) => (x.row(row)[at]! - model.mean[at]!) / model.scale[at]!);
    const gradient = (at: number, scoreOf: (row: number) => number) =>
      column(at).reduce((sum, value, row) => sum + value * (sigmoid(scoreOf(row)) - y[row]!), 0);
    const rate = y.reduce((sum, value) => sum + value, 0) / 400;
    const atStart = Array.from({ length: 12 }, (_, at) => Math.abs(gradient(at, () => Math.log(rate / (1 - rate)))));
    const penalty = share * Math.max(...atStart);
    model.weights.forEach((weight, at) => {
      const slope = gradient(at, (row) => scoreRow(model, x, row));
      if (weight === 0) expect(Math.abs(slope)).toBeLessThanOrEqual(penalty + 1e-3);
      else expect(Math.abs(slope + penalty * Math.sign(weight))).toBeLessThan(1e-3);
    });
  });

  it('keeps the columns that tell something, and none at the greatest penalty', () => {
    const { weights } = fitSparseLogistic(x, y, { share: 0.4 });
    expect(weights.flatMap((weight, at) => (weight === 0 ? [] : [at]))).toEqual([3, 7]);
    expect(fitSparseLogistic(x, y, { share: 1 }).weights.every((weight) => Math.abs(weight) < 1e-6)).toBe(true);
  });
});

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
    const row = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), fc.integer({ min: -5, max: 5 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (rows, minRows) => {
        const x = Matrix.of(rows.map(([a, b]) => [a, b]));
        const gradients = Float64Array.from(rows, ([, , g]) => -g);
        const curvatures = new Float64Array(rows.length).fill(1);
        const all = Uint32Array.from(rows.keys());
        const tree = growTree(binColumns(x), all, gradients, curvatures, { ...options, minRows, columns: [0, 1] });
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
      }),
    );
  });

  it('grows no leaf below its least size, and no more leaves than allowed', () => {
    const x = normalMatrix(300, 4, 9);
    const gradients = Float64Array.from(normalMatrix(300, 1, 10).data);
    const grown = growTree(binColumns(x), Uint32Array.from({ length: 300 }, (_, at) => at), gradients, new Float64Array(300).fill(1), {
      ...options,
      maxLeaves: 7,
      minRows: 20,
      columns: [0, 1, 2, 3],
    });
    expect(grown.leaf).toHaveLength(7);
    for (const side of sidesOf(grown, x)) expect(side.length).toBeGreaterThanOrEqual(20);
  });
});

/** Rows of each leaf. */
function sidesOf(tree: Tree, x: Matrix): number[][] {
  const sides = tree.leaf.map((): number[] => []);
  const marked: Tree = { ...tree, leaf: tree.leaf.map((_, at) => at) };
  for (let row = 0; row < x.rows; row++) sides[scoreRow({ kind: 'trees', base: 0, trees: [marked] }, x, row)]!.push(row);
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
    const y = Float64Array.from({ length: x.rows }, (_, row) => (x.row(row)[0]! * x.row(row)[1]! > 0 ? 1 : 0));
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
    for (let count = 1; count <= 60; count++) expect(lossAfter(count)).toBeLessThanOrEqual(lossAfter(count - 1) + 1e-9);
    expect(lossAfter(60)).toBeLessThan(lossAfter(0) / 10);
  });

  it('is the same for the same seed, and another for another', () => {
    const x = normalMatrix(100, 3, 14);
    const y = Float64Array.from(normalMatrix(100, 1, 15).data);
    expect(fitBoostedTrees(x, y, options)).toEqual(fitBoostedTrees(x, y, options));
    expect(fitBoostedTrees(x, y, { ...options, seed: 4 })).not.toEqual(fitBoostedTrees(x, y, options));
  });
});

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
    const inverted = fitPlatt(scores, Array.from(scores, (_, at) => at < 60));
    expect(inverted.a).toBeGreaterThan(0);
    for (const s of [-5, 0, 5]) expect(calibrate(inverted, s)).toBeCloseTo(0.3, 1);
  });

  it('takes a free curve only where there are data enough', () => {
    const kindOf = (count: number) => {
      const random = seededRandom(18);
      const scores = Float64Array.from({ length: count }, random);
      return fitCalibration(scores, Array.from(scores, (s) => random() < s)).kind;
    };
    expect([kindOf(500), kindOf(4_000)]).toEqual(['platt', 'isotonic']);
  });
});

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
