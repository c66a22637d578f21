import { seededRandom } from '../models/seeded-random.js';

export interface BootstrapEstimate {
  /** On all rows. */
  readonly value: number;
  readonly standardError: number;
  /** The middle 95 % of the draws. */
  readonly low: number;
  readonly high: number;
}

/**
 * Bootstrap over clusters: whole repositories are drawn with replacement, since holes of one are alike.
 *
 * @param clusters of each row
 * @param statistic given how often each row was drawn; draws for which it is NaN do not count
 */
export function clusterBootstrap(
  clusters: readonly string[],
  statistic: (weights: Float64Array) => number,
  { draws = 200, seed = 1 }: { readonly draws?: number; readonly seed?: number } = {},
): BootstrapEstimate {
  const members = new Map<string, number[]>();
  clusters.forEach((cluster, row) => {
    const rows = members.get(cluster);
    if (rows) rows.push(row);
    else members.set(cluster, [row]);
  });
  const groups = [...members.values()];
  const random = seededRandom(seed);
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const weights = new Float64Array(clusters.length);
    for (let each = 0; each < groups.length; each++) {
      for (const row of groups[Math.floor(random() * groups.length)]!) weights[row]!++;
    }
    const value = statistic(weights);
    if (!Number.isNaN(value)) values.push(value);
  }
  values.sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance =
    values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length - 1);
  const quantile = (share: number) => values[Math.round(share * (values.length - 1))] ?? NaN;
  return {
    value: statistic(new Float64Array(clusters.length).fill(1)),
    standardError: Math.sqrt(variance),
    low: quantile(0.025),
    high: quantile(0.975),
  };
}
