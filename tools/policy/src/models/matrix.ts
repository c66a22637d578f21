/** Rows of numbers, all of one length, stored one after the other. */
export class Matrix {
  constructor(
    readonly rows: number,
    readonly columns: number,
    readonly data: Float64Array = new Float64Array(rows * columns),
  ) {}

  static of(rows: readonly (readonly number[])[]): Matrix {
    const columns = rows[0]?.length ?? 0;
    const matrix = new Matrix(rows.length, columns);
    rows.forEach((row, at) => {
      if (row.length !== columns) throw new RangeError(`row ${at} has ${row.length} columns, not ${columns}`);
      matrix.data.set(row, at * columns);
    });
    return matrix;
  }

  row(at: number): Float64Array {
    return this.data.subarray(at * this.columns, (at + 1) * this.columns);
  }

  select(rows: readonly number[]): Matrix {
    const chosen = new Matrix(rows.length, this.columns);
    rows.forEach((from, at) => chosen.data.set(this.row(from), at * this.columns));
    return chosen;
  }

  /** The columns of both, side by side. */
  beside(other: Matrix): Matrix {
    const joined = new Matrix(this.rows, this.columns + other.columns);
    for (let at = 0; at < this.rows; at++) {
      joined.data.set(this.row(at), at * joined.columns);
      joined.data.set(other.row(at), at * joined.columns + this.columns);
    }
    return joined;
  }
}

/**
 * Solves A·x = b for a symmetric positive definite A (row by row, of which only the lower half is read), by
 * Cholesky's decomposition.
 *
 * @throws RangeError when A is not positive definite
 */
export function solvePositiveDefinite(a: Float64Array, b: Float64Array): Float64Array {
  const size = b.length;
  const lower = Float64Array.from(a);
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      let sum = lower[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i > j) lower[i * size + j] = sum / lower[j * size + j]!;
      else if (sum > 0) lower[j * size + j] = Math.sqrt(sum);
      else throw new RangeError('the matrix is not positive definite');
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i * size + k]! * x[k]!;
    x[i]! /= lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= lower[k * size + i]! * x[k]!;
    x[i]! /= lower[i * size + i]!;
  }
  return x;
}

/** Σ weight · [x 1]ᵀ[x 1] over the rows, lower half: the last row and column belong to the constant. */
export function weightedGram(x: Matrix, weights: Float64Array): Float64Array {
  const size = x.columns + 1;
  const gram = new Float64Array(size * size);
  for (let at = 0; at < x.rows; at++) {
    const row = x.row(at);
    const weight = weights[at]!;
    for (let i = 0; i < x.columns; i++) {
      const scaled = weight * row[i]!;
      if (scaled === 0) continue;
      const to = i * size;
      for (let j = 0; j <= i; j++) gram[to + j]! += scaled * row[j]!;
    }
    const last = x.columns * size;
    for (let j = 0; j < x.columns; j++) gram[last + j]! += weight * row[j]!;
    gram[last + x.columns]! += weight;
  }
  return gram;
}
