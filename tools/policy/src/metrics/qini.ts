import { byScore } from './ranking.js';

/** With the share `x` of requests with the highest scores given context, the mean gain over all requests is `y`. */
export interface QiniPoint {
  readonly x: number;
  readonly y: number;
}

/** The uplift curve. Requests of equal score come as one, so that their order does not matter. */
export function qiniCurve(scores: ArrayLike<number>, gains: ArrayLike<number>): QiniPoint[] {
  const order = byScore(scores);
  const count = order.length;
  const points: QiniPoint[] = [{ x: 0, y: 0 }];
  let sum = 0;
  order.forEach((row, at) => {
    sum += gains[row]!;
    const next = order[at + 1];
    if (next === undefined || scores[next] !== scores[row])
      points.push({ x: (at + 1) / count, y: sum / count });
  });
  return points;
}

/** Area between the curve and the straight line to its end, which is what random choice gives; in the gains' unit. */
export function qiniArea(scores: ArrayLike<number>, gains: ArrayLike<number>): number {
  const points = qiniCurve(scores, gains);
  let area = 0;
  for (let at = 1; at < points.length; at++) {
    const [from, to] = [points[at - 1]!, points[at]!];
    area += ((from.y + to.y) / 2) * (to.x - from.x);
  }
  return area - points.at(-1)!.y / 2;
}

/** {@link qiniArea} as a share of that of an oracle: 1 is perfect, 0 as good as random; 0 where no order matters. */
export function qiniCoefficient(scores: ArrayLike<number>, gains: ArrayLike<number>): number {
  const best = qiniArea(gains, gains);
  return best > 0 ? qiniArea(scores, gains) / best : 0;
}

/**
 * {@link qiniArea} for rows that count more or less than once: sorts once, so that a bootstrap need not.
 *
 * @param scores -Infinity for rows of which nothing is known: they come last, as one
 * @returns a function of the rows' weights; 0 where they are all 0
 */
export function weightedQiniArea(
  scores: ArrayLike<number>,
  gains: ArrayLike<number>,
): (weights: ArrayLike<number>) => number {
  const order = byScore(scores);
  return (weights) => {
    let [taken, sum, lastTaken, lastSum, area] = [0, 0, 0, 0, 0];
    order.forEach((row, at) => {
      taken += weights[row]!;
      sum += weights[row]! * gains[row]!;
      const next = order[at + 1];
      if (next !== undefined && scores[next] === scores[row]) return;
      area += ((lastSum + sum) / 2) * (taken - lastTaken);
      [lastTaken, lastSum] = [taken, sum];
    });
    return taken > 0 ? (area - (sum * taken) / 2) / taken ** 2 : 0;
  };
}

/** {@link qiniCoefficient} as a function of the rows' weights. */
export function weightedQini(
  scores: ArrayLike<number>,
  gains: ArrayLike<number>,
): (weights: ArrayLike<number>) => number {
  const area = weightedQiniArea(scores, gains);
  const most = weightedQiniArea(gains, gains);
  return (weights) => {
    const oracle = most(weights);
    return oracle > 0 ? area(weights) / oracle : 0;
  };
}

/** Share of abstentions (scores at or below the threshold) where context would not have helped; NaN without any. */
export function abstentionPrecision(
  scores: ArrayLike<number>,
  gains: ArrayLike<number>,
  threshold: number,
  minimumGain = 0,
): number {
  let abstained = 0;
  let right = 0;
  for (let at = 0; at < scores.length; at++) {
    if (scores[at]! > threshold) continue;
    abstained++;
    if (gains[at]! <= minimumGain) right++;
  }
  return right / abstained;
}
