import { seededRandom, shuffle } from '../models/seeded-random.js';

/**
 * Deals repositories out to folds so that the folds hold about equally many rows: largest first, each to the
 * smallest fold. A repository is never in two.
 *
 * @returns the fold of each row; there are as many folds as asked for, or as repositories where those are fewer
 */
export function foldsByRepository(repositories: readonly string[], folds: number, seed: number): Int32Array {
  const sizes = new Map<string, number>();
  for (const repository of repositories) sizes.set(repository, (sizes.get(repository) ?? 0) + 1);
  const order = shuffle([...sizes.keys()].sort(), seededRandom(seed)).sort(
    (a, b) => sizes.get(b)! - sizes.get(a)!,
  );
  const totals = new Array<number>(Math.min(folds, order.length)).fill(0);
  const foldOf = new Map<string, number>();
  for (const repository of order) {
    const fold = totals.indexOf(Math.min(...totals));
    foldOf.set(repository, fold);
    totals[fold]! += sizes.get(repository)!;
  }
  return Int32Array.from(repositories, (repository) => foldOf.get(repository)!);
}

/**
 * Predictions for each row by a model that has not seen its repository.
 *
 * @param fit makes a model of the rows of all folds but one; what it returns predicts other rows
 */
export function crossPredict(
  folds: Int32Array,
  fit: (trainRows: number[], fold: number) => (rows: number[]) => ArrayLike<number>,
): Float64Array {
  const predictions = new Float64Array(folds.length);
  const rowsWhere = (is: (fold: number) => boolean) =>
    Array.from(folds.keys()).filter((row) => is(folds[row]!));
  for (const fold of new Set(folds)) {
    const held = rowsWhere((each) => each === fold);
    const predicted = fit(
      rowsWhere((each) => each !== fold),
      fold,
    )(held);
    held.forEach((row, at) => (predictions[row] = predicted[at]!));
  }
  return predictions;
}
