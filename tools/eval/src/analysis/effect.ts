import type { HoleResult } from '../results.js';
import type { Interval, Resampler } from './bootstrap.js';
import { gainOf, hasContext } from './outcomes.js';

/** What all context changes against none, in points of edit similarity, where there was context. */
export interface Effect {
  /** Holes for which something was found. */
  readonly holes: number;
  /** Holes for which nothing was: nothing can be retrieved there. */
  readonly withoutHits: number;
  /** Shares of `holes`, in [0, 1]; absent without holes. */
  readonly better?: Interval;
  readonly same?: Interval;
  readonly worse?: Interval;
  /** `same` and `worse` together. */
  readonly notBetter?: Interval;
  readonly meanGain?: Interval;
  /** Mean gain where it helps, mean loss (below 0) where it hurts. */
  readonly gainWhereBetter?: number;
  readonly lossWhereWorse?: number;
  /** Without the holes of no change: (from, to] above 0, [from, to) below. */
  readonly bins: readonly { readonly from: number; readonly to: number; readonly holes: number }[];
  readonly unchanged: number;
}

/** Width of a bin in points of edit similarity. */
export const EFFECT_BIN = 10;

/** The effect of retrieval, hole by hole. */
export function effectOf(results: readonly HoleResult[], resampler: Resampler): Effect {
  const gains = results.map((hole) => (hasContext(hole) ? gainOf(hole) : undefined));
  const known = gains.filter((gain) => gain !== undefined);
  const candidates = gains.map((gain) => (gain === undefined ? 0 : 1));
  const share = (test: (gain: number) => boolean) =>
    resampler.ofShare(
      gains.map((gain) => (gain !== undefined && test(gain) ? 1 : 0)),
      candidates,
    );
  const [better, same, worse] = [share((g) => g > 0), share((g) => g === 0), share((g) => g < 0)];
  const notBetter = share((g) => g <= 0);
  const meanGain = resampler.ofMean(gains);
  const ups = known.filter((gain) => gain > 0);
  const downs = known.filter((gain) => gain < 0);
  return {
    holes: known.length,
    withoutHits: results.length - known.length,
    ...(better && { better }),
    ...(same && { same }),
    ...(worse && { worse }),
    ...(notBetter && { notBetter }),
    ...(meanGain && { meanGain }),
    ...(ups.length > 0 && { gainWhereBetter: average(ups) }),
    ...(downs.length > 0 && { lossWhereWorse: average(downs) }),
    bins: binned(ups, downs),
    unchanged: known.length - ups.length - downs.length,
  };
}

function binned(ups: readonly number[], downs: readonly number[]): Effect['bins'] {
  const bins = [];
  for (let from = -100; from < 100; from += EFFECT_BIN) {
    const to = from + EFFECT_BIN;
    const holes =
      from < 0
        ? downs.filter((gain) => gain >= from && gain < to).length
        : ups.filter((gain) => gain > from && gain <= to).length;
    bins.push({ from, to, holes });
  }
  return bins;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
