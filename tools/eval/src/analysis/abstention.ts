import type { HoleResult } from '../results.js';
import type { Interval, Resampler } from './bootstrap.js';
import type { Mode } from './modes.js';
import { hasContext, isAbstentionRight } from './outcomes.js';

/** How often a mode was right not to use context, among holes for which there was any. */
export interface Abstentions {
  /** Holes for which something was found, so that there was something to abstain from. */
  readonly holes: number;
  readonly abstained: number;
  /** Of those, where the completion was correct already or context would not have helped. */
  readonly right: number;
  /** Share of abstentions that were right, in [0, 1]; absent without abstentions. */
  readonly precision?: Interval;
  /** Share that would be right if holes were picked at random: what the precision must beat. In [0, 1]. */
  readonly base?: Interval;
}

/** Abstention precision as in the paper's figure 5. */
export function abstentionsOf(results: readonly HoleResult[], mode: Mode, resampler: Resampler): Abstentions {
  const candidates = results.map((hole) => (hasContext(hole) ? 1 : 0));
  const couldBeRight = results.map((hole) => (hasContext(hole) && isAbstentionRight(hole) ? 1 : 0));
  const abstained = results.map((hole, row) =>
    hasContext(hole) && mode.picks[row]?.[0]?.index === 0 ? 1 : 0,
  );
  const right = abstained.map((did, row) => did * (couldBeRight[row] ?? 0));
  const precision = resampler.ofShare(right, abstained);
  const base = resampler.ofShare(couldBeRight, candidates);
  return {
    holes: total(candidates),
    abstained: total(abstained),
    right: total(right),
    ...(precision && { precision }),
    ...(base && { base }),
  };
}

function total(column: readonly number[]): number {
  return column.reduce((sum, value) => sum + value, 0);
}
