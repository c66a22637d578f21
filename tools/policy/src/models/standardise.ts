import { Matrix } from './matrix.js';

/** Mean and standard deviation of each column. A column that never changes has scale 1, so that it becomes 0. */
export interface Standardisation {
  readonly mean: number[];
  readonly scale: number[];
}

/** Below this share of its size a column's spread is rounding. */
const FLAT = 1e-9;

export function fitStandardisation(x: Matrix): Standardisation {
  const mean = new Array<number>(x.columns).fill(0);
  const scale = new Array<number>(x.columns).fill(0);
  for (let at = 0; at < x.rows; at++) x.row(at).forEach((value, column) => (mean[column]! += value / x.rows));
  for (let at = 0; at < x.rows; at++) {
    x.row(at).forEach((value, column) => (scale[column]! += (value - mean[column]!) ** 2 / x.rows));
  }
  return {
    mean,
    scale: scale.map((variance, column) => {
      const deviation = Math.sqrt(variance);
      return deviation > FLAT * Math.max(1, Math.abs(mean[column]!)) ? deviation : 1;
    }),
  };
}

export function standardise(x: Matrix, { mean, scale }: Standardisation): Matrix {
  const out = new Matrix(x.rows, x.columns);
  for (let at = 0; at < x.rows; at++) {
    for (let column = 0; column < x.columns; column++) {
      out.data[at * x.columns + column] = (x.data[at * x.columns + column]! - mean[column]!) / scale[column]!;
    }
  }
  return out;
}
