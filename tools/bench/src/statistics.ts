/** The value below which a share of the sorted values lies (nearest rank). */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}

/** "p50 1.2 ms, p95 2.9 ms, p99 3.4 ms (1.0 to 4.0, n=100)" in the given unit. */
export function spread(values: readonly number[], unit: string, digits = 1): string {
  const show = (share: number) => quantile(values, share).toFixed(digits);
  return `p50 ${show(0.5)} ${unit}, p95 ${show(0.95)} ${unit}, p99 ${show(0.99)} ${unit} (${show(0)} to ${show(1)}, n=${values.length})`;
}

/** Time a piece of work takes: on the clock, and of processors, which tells more where others use them, too. */
export interface Timing {
  readonly ms: number;
  readonly processorMs: number;
}

/** "p50 1.2 ms, p95 2.9 ms, p99 3.4 ms (1.0 to 4.0, n=100); of processors p50 1.1 ms, p99 2.9 ms". */
export function spreadOfTimings(timings: readonly Timing[], digits = 2): string {
  const processor = timings.map(({ processorMs }) => processorMs);
  const show = (share: number) => `${quantile(processor, share).toFixed(digits)} ms`;
  const wall = spread(
    timings.map(({ ms }) => ms),
    'ms',
    digits,
  );
  return `${wall}; of processors p50 ${show(0.5)}, p99 ${show(0.99)}`;
}

export async function timed<T>(work: () => Promise<T>): Promise<{ value: T } & Timing> {
  const stop = start();
  const value = await work();
  return { value, ...stop() };
}

/** The same for work that does not wait for anything. */
export function timeOf<T>(work: () => T): { value: T } & Timing {
  const stop = start();
  const value = work();
  return { value, ...stop() };
}

function start(): () => Timing {
  const before = process.cpuUsage();
  const from = performance.now();
  return () => {
    const ms = performance.now() - from;
    const { user, system } = process.cpuUsage(before);
    return { ms, processorMs: (user + system) / 1000 };
  };
}
