import { score, sigmoid } from '@repoformer/policy';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalNumbers } from '../fit/testing.js';
import { fitLogistic } from './logistic-regression.js';
import { Matrix, solvePositiveDefinite } from './matrix.js';
import { fitRidge } from './ridge-regression.js';
import { seededRandom } from './seeded-random.js';
import { fitSparseLogistic } from './sparse-logistic.js';

const scoreRow = (scorer: Parameters<typeof score>[0], x: Matrix, row: number) =>
  score(scorer, [...x.row(row)]);

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
      for (let row = 0; row < x.rows; row++)
        sum += (scoreRow({ ...model, weights, bias }, x, row) - y[row]!) ** 2;
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
    const y = Float64Array.from({ length: 80 }, (_, row) =>
      random() < sigmoid(x.row(row)[0]! - 0.5) ? 1 : 0,
    );
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
    const column = (at: number) =>
      Array.from({ length: 400 }, (_, row) => (x.row(row)[at]! - model.mean[at]!) / model.scale[at]!);
    const gradient = (at: number, scoreOf: (row: number) => number) =>
      column(at).reduce((sum, value, row) => sum + value * (sigmoid(scoreOf(row)) - y[row]!), 0);
    const rate = y.reduce((sum, value) => sum + value, 0) / 400;
    const atStart = Array.from({ length: 12 }, (_, at) =>
      Math.abs(gradient(at, () => Math.log(rate / (1 - rate)))),
    );
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
    expect(fitSparseLogistic(x, y, { share: 1 }).weights.every((weight) => Math.abs(weight) < 1e-6)).toBe(
      true,
    );
  });
});
