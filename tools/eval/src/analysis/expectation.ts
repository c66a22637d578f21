import type { HoleResult } from '../results.js';
import { latencyOf, type Latency } from './latency.js';
import type { Mode } from './modes.js';
import { isMeasured, outcomeAt, qualityOf, type Quality } from './outcomes.js';

/** The mean of a number over what a mode picks at one hole. */
export function expected(mode: Mode, row: number, measure: (index: number) => number): number {
  return (mode.picks[row] ?? []).reduce((sum, { index, weight }) => sum + weight * measure(index), 0);
}

/** A quality of each hole under a mode; undefined where the hole lacks it. */
export function qualityColumn(
  results: readonly HoleResult[],
  mode: Mode,
  quality: Quality,
): (number | undefined)[] {
  return results.map((hole, row) =>
    isMeasured(hole, quality)
      ? expected(mode, row, (index) => qualityOf(outcomeAt(hole, index), quality) ?? NaN)
      : undefined,
  );
}

/** Milliseconds of each hole under a mode. */
export function latencyColumn(results: readonly HoleResult[], mode: Mode, latency: Latency): number[] {
  return results.map((hole, row) => expected(mode, row, (index) => latencyOf(hole, index, mode, latency)));
}

/** The chance of each hole of getting context under a mode. */
export function contextColumn(results: readonly HoleResult[], mode: Mode): number[] {
  return results.map((_, row) => expected(mode, row, (index) => (index > 0 ? 1 : 0)));
}
