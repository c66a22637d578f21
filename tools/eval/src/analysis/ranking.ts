/** Rows in the order in which a policy would give them context, those it cannot tell apart together. */
export interface Ranking {
  readonly rows: readonly number[];
  /** Where each group of equal scores ends in `rows`, ascending; the last is the number of rows. */
  readonly ends: readonly number[];
  /** The score of each group, descending. -Infinity for holes at which the policy gave no answer. */
  readonly scores: readonly number[];
}

/** Ranks by any score, highest first. */
export function rank(scores: readonly number[]): Ranking {
  const scoreOf = (row: number) => scores[row] ?? -Infinity;
  const sorted = scores
    .map((_, row) => row)
    .sort((a, b) => compareDescending(scoreOf(a), scoreOf(b)) || a - b);
  const ends: number[] = [];
  const groupScores: number[] = [];
  sorted.forEach((row, at) => {
    const next = sorted[at + 1];
    if (next !== undefined && scoreOf(next) === scoreOf(row)) return;
    ends.push(at + 1);
    groupScores.push(scoreOf(row));
  });
  return { rows: sorted, ends, scores: groupScores };
}

/** Subtracting infinities gives NaN, which sorts nothing. */
function compareDescending(a: number, b: number): number {
  return a === b ? 0 : a > b ? -1 : 1;
}
