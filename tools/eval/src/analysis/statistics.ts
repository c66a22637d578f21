/** A value and how often it counts. */
export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** Mean and quantiles of a sample, in its own unit. */
export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
}

/** Arithmetic mean; NaN of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Mean by weight, and the smallest values that at least 50 % and 95 % of the weight do not exceed. */
export function spreadOf(sample: readonly Weighted[]): Spread {
  const sorted = [...sample].sort((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const sum = sorted.reduce((acc, { value, weight }) => acc + value * weight, 0);
  return { mean: sum / total, p50: quantile(sorted, 0.5 * total), p95: quantile(sorted, 0.95 * total) };
}

/** Weights are sums of fractions: without the slack, 0.1 + 0.2 would miss the quantile 0.3. */
function quantile(sorted: readonly Weighted[], target: number): number {
  let reached = 0;
  for (const { value, weight } of sorted) {
    reached += weight;
    if (reached >= target * (1 - 1e-12)) return value;
  }
  return sorted.at(-1)?.value ?? NaN;
}

/** A small generator of reproducible numbers in [0, 1): mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
