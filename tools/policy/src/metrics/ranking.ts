/** Positions ordered from the highest score to the lowest. */
export function byScore(scores: ArrayLike<number>): number[] {
  return Array.from({ length: scores.length }, (_, at) => at).sort((a, b) => scores[b]! - scores[a]!);
}

/** Ranks from 1, equal values sharing their mean rank. */
export function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = byScore(values).reverse();
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) ranks[order[at]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** Area under the ROC curve: the chance that a positive scores above a negative, ties counting half; NaN without both. */
export function areaUnderRoc(scores: ArrayLike<number>, isPositive: readonly boolean[]): number {
  const ranks = ranksOf(scores);
  let positives = 0;
  let sum = 0;
  isPositive.forEach((is, at) => {
    if (!is) return;
    positives++;
    sum += ranks[at]!;
  });
  const negatives = isPositive.length - positives;
  return (sum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Pearson's correlation; 0 where one does not vary. `weights`: how much each row counts, default 1. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>, weights?: ArrayLike<number>): number {
  const weightOf = (at: number) => weights?.[at] ?? 1;
  let [total, meanA, meanB] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    total += weightOf(at);
    meanA += weightOf(at) * a[at]!;
    meanB += weightOf(at) * b[at]!;
  }
  meanA /= total;
  meanB /= total;
  let [ab, aa, bb] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    ab += weightOf(at) * (a[at]! - meanA) * (b[at]! - meanB);
    aa += weightOf(at) * (a[at]! - meanA) ** 2;
    bb += weightOf(at) * (b[at]! - meanB) ** 2;
  }
  const scale = Math.sqrt(aa) * Math.sqrt(bb);
  return scale > 0 ? ab / scale : 0;
}

/** Spearman's correlation: Pearson's of the ranks, which heavy tails do not sway. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(ranksOf(a), ranksOf(b));
}
