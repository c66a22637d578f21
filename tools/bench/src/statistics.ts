/** The value below which a share of the sorted values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** "p50 1.2, p99 3.4 (1.0 to 4.0)" in the given unit. */
export function spread(values: readonly number[], unit: string, digits = 1): string {
  const show = (share: number) => quantile(values, share).toFixed(digits);
  return `p50 ${show(0.5)} ${unit}, p99 ${show(0.99)} ${unit} (${show(0)} to ${show(1)}, n=${values.length})`;
}

/** Milliseconds a piece of work takes. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const from = performance.now();
  const value = await work();
  return { value, ms: performance.now() - from };
}
