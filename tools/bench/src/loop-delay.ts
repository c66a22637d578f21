import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';

/** The clock's own step, which is part of each figure. */
const STEP_MS = 1;
/** For the clock to have ticked before the work, and once after its last piece. */
const MARGIN_MS = 10;

/** Runs a piece of work, and tells how long others had to wait for its thread: "p99 1.2 ms, longest 14.3 ms". */
export async function withLoopDelay<T>(work: () => Promise<T>): Promise<{ value: T; delay: string }> {
  const delay = monitorEventLoopDelay({ resolution: STEP_MS });
  delay.enable();
  await setTimeout(MARGIN_MS);
  const value = await work();
  await setTimeout(MARGIN_MS);
  delay.disable();
  const ms = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(1)} ms`;
  return { value, delay: `p99 ${ms(delay.percentile(99))}, longest ${ms(delay.max)}` };
}
