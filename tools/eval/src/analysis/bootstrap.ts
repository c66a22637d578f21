import { createRandom } from './statistics.js';

/** An estimate with its uncertainty. The bounds are absent where there is only one unit to resample. */
export interface Interval {
  readonly estimate: number;
  /** 95 %, by percentiles of the bootstrap. */
  readonly low?: number;
  readonly high?: number;
  /** Standard deviation over the resamples. */
  readonly standardError?: number;
}

export interface BootstrapOptions {
  /** Default 2,000. */
  readonly resamples?: number;
  /** Default 20,240: the same results give the same intervals. */
  readonly seed?: number;
}

const RESAMPLES = 2000;
const SEED = 20_240;

/**
 * The cluster bootstrap: whole clusters (repositories) are drawn with replacement, their holes as they are. The
 * draws are made once, so that every statistic of one resampler is taken on the same resamples.
 */
export class Resampler {
  /** Cluster of each row. */
  readonly clusterOf: readonly number[];
  readonly clusters: number;
  /** How often each cluster was drawn: one row of `clusters` counts for each resample. */
  readonly resamples: number;
  readonly #draws: Uint16Array;

  /** @param names the cluster of each row */
  constructor(names: readonly string[], options: BootstrapOptions = {}) {
    const numbers = new Map<string, number>();
    this.clusterOf = names.map((name) => {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      numbers.set(name, numbers.size);
      return numbers.size - 1;
    });
    this.clusters = numbers.size;
    this.resamples = options.resamples ?? RESAMPLES;
    this.#draws = draw(this.clusters, this.resamples, options.seed ?? SEED);
  }

  /**
   * A statistic of column sums (such as a mean: the sum of values over the sum of ones) with its interval.
   *
   * @param columns each with one number a row
   * @param statistic of the sums of the columns, in their order; NaN where it is not defined
   * @returns undefined where the statistic is not defined on the rows themselves
   */
  ofSums(
    columns: readonly (readonly number[])[],
    statistic: (sums: Float64Array) => number,
  ): Interval | undefined {
    const byCluster = columns.map((column) => {
      const sums = new Float64Array(this.clusters);
      column.forEach((value, row) => {
        const cluster = this.clusterOf[row] ?? 0;
        sums[cluster] = (sums[cluster] ?? 0) + value;
      });
      return sums;
    });
    const sums = new Float64Array(columns.length);
    return this.#interval((counts) => {
      byCluster.forEach((cluster, column) => {
        let sum = 0;
        for (let i = 0; i < cluster.length; i++) sum += (cluster[i] ?? 0) * (counts[i] ?? 0);
        sums[column] = sum;
      });
      return statistic(sums);
    });
  }

  /** The mean of a column, over the rows where it is a number. */
  ofMean(column: readonly (number | undefined)[]): Interval | undefined {
    const values = column.map((value) => value ?? 0);
    const present = column.map((value) => (value === undefined ? 0 : 1));
    return this.ofSums([values, present], ([sum = 0, count = 0]) => sum / count);
  }

  /**
   * A share: how many of the candidates are hits. Where all or none are, no resample can differ, and the bootstrap
   * would call that certain: the exact binomial bound (Clopper and Pearson, 1934) stands in.
   *
   * @param hits 1 for candidates that count, else 0
   * @param candidates 1 or 0
   */
  ofShare(hits: readonly number[], candidates: readonly number[]): Interval | undefined {
    const interval = this.ofSums([hits, candidates], ([part = 0, whole = 0]) => part / whole);
    if (interval?.low === undefined || interval.low !== interval.high) return interval;
    const reach = 0.025 ** (1 / candidates.reduce((sum, one) => sum + one, 0));
    if (interval.estimate === 1) return { ...interval, low: reach };
    return interval.estimate === 0 ? { ...interval, high: 1 - reach } : interval;
  }

  /** A statistic of the rows where each counts as often as its cluster was drawn. */
  ofWeights(statistic: (weights: Float64Array) => number): Interval | undefined {
    const weights = new Float64Array(this.clusterOf.length);
    return this.#interval((counts) => {
      this.clusterOf.forEach((cluster, row) => (weights[row] = counts[cluster] ?? 0));
      return statistic(weights);
    });
  }

  #interval(statistic: (counts: Uint16Array) => number): Interval | undefined {
    const estimate = statistic(new Uint16Array(this.clusters).fill(1));
    if (!Number.isFinite(estimate)) return undefined;
    if (this.clusters < 2) return { estimate };
    const replicates: number[] = [];
    for (let resample = 0; resample < this.resamples; resample++) {
      const start = resample * this.clusters;
      const value = statistic(this.#draws.subarray(start, start + this.clusters));
      if (Number.isFinite(value)) replicates.push(value);
    }
    // A statistic that most resamples do not have is too rare an event for its spread to be known.
    if (replicates.length < this.resamples / 2) return { estimate };
    return { estimate, ...spread(replicates) };
  }
}

function draw(clusters: number, resamples: number, seed: number): Uint16Array {
  const random = createRandom(seed);
  const draws = new Uint16Array(clusters * resamples);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < clusters; i++) {
      const at = resample * clusters + Math.floor(random() * clusters);
      draws[at] = (draws[at] ?? 0) + 1;
    }
  }
  return draws;
}

function spread(replicates: number[]): { low: number; high: number; standardError: number } {
  replicates.sort((a, b) => a - b);
  const count = replicates.length;
  const middle = replicates.reduce((sum, value) => sum + value, 0) / count;
  const squares = replicates.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return {
    low: replicates[Math.floor(0.025 * count)] ?? middle,
    high: replicates[Math.ceil(0.975 * count) - 1] ?? middle,
    standardError: Math.sqrt(squares / (count - 1)),
  };
}
