import { logit } from '@repoformer/policy';

/** Of what asking the model everywhere gains over never asking, the band must keep this share. */
const KEPT = 0.9;

/**
 * The free probabilities between which the model's answer is worth waiting for: the narrowest band around the
 * threshold that keeps 90 % of what is gained by asking everywhere.
 *
 * @param free and `probed`: probabilities on held-out repositories
 * @returns undefined where asking gains nothing
 */
export function uncertainBand(
  free: Float64Array,
  probed: Float64Array,
  gains: readonly number[],
  threshold: number,
): [number, number] | undefined {
  const centre = logit(threshold);
  const distance = (row: number) => Math.abs(logit(free[row]!) - centre);
  const order = Array.from(free.keys()).sort((a, b) => distance(a) - distance(b));
  let sum = 0;
  const cumulated = order.map((row) => {
    const change = Number(probed[row]! > threshold) - Number(free[row]! > threshold);
    sum += change * gains[row]!;
    return sum;
  });
  const best = Math.max(0, ...cumulated);
  if (best <= 0) return undefined;
  const width = distance(order[cumulated.findIndex((each) => each >= KEPT * best)]!);
  const ends = [centre - width, centre + width].map((z) => 1 / (1 + Math.exp(-z)));
  // A little room, so that rounding does not leave out the hole at the very edge.
  return [Math.max(0, ends[0]! - 1e-6), Math.min(1, ends[1]! + 1e-6)];
}
