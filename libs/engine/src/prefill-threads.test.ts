import { describe, expect, it } from 'vitest';
import { PrefillThreads } from './prefill-threads.js';

/** Evaluates chunks of 128 tokens at the given cost per token and thread count; counts the choices. */
function run(threads: PrefillThreads, chunks: number, msPerToken: Record<number, number>) {
  const used: Record<number, number> = {};
  let elapsedMs = 0;
  for (let n = 0; n < chunks; n += 1) {
    const choice = threads.next(128);
    used[choice] = (used[choice] ?? 0) + 1;
    elapsedMs += 128 * msPerToken[choice]!;
    threads.record(choice, 128, 128 * msPerToken[choice]!);
  }
  return { used, elapsedMs };
}

describe('PrefillThreads', () => {
  it('stays with all cores on an idle machine, at a small price for looking', () => {
    const threads = new PrefillThreads(2, 1);
    run(threads, 2, { 2: 4, 1: 7 });
    const { elapsedMs } = run(threads, 400, { 2: 4, 1: 7 });
    expect(elapsedMs).toBeLessThan(400 * 128 * 4 * 1.06);
  });

  it('goes down to one thread while all cores are slower, and comes back', () => {
    const threads = new PrefillThreads(2, 1);
    run(threads, 20, { 2: 4, 1: 7 });
    const busy = run(threads, 400, { 2: 40, 1: 8 });
    expect(busy.used[2]).toBeLessThan(20);
    const idle = run(threads, 2000, { 2: 4, 1: 7 });
    expect(idle.used[2]).toBeGreaterThan(1500);
  });

  it('learns nothing from small batches, and has no choice with one number', () => {
    const threads = new PrefillThreads(2, 1);
    threads.record(2, 8, 8000);
    expect(threads.next(128)).toBe(2);
    threads.record(2, 128, 500);
    expect(threads.next(8)).toBe(2);
    expect(threads.next(128)).toBe(1);
    const fixed = new PrefillThreads(4);
    fixed.record(4, 128, 1e6);
    expect(fixed.next(128)).toBe(4);
    expect(run(new PrefillThreads(1, 1), 10, { 1: 1 }).used).toEqual({ 1: 10 });
  });
});
