import { invalidArgument } from '@repoformer/domain';
import type { HoleResult, Outcome } from '../results.js';
import { Resampler, type BootstrapOptions, type Interval } from './bootstrap.js';
import { clusterNames, type ClusterUnit } from './clusters.js';
import type { Differences } from './differences.js';
import { qualityOf, type Quality } from './outcomes.js';

/** Another way to complete, such as an n-gram model, whose completions are held against the model's. */
export interface Baseline {
  readonly label: string;
  readonly description: string;
  /** By the hole's id. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
}

/** What a baseline gives at the holes that it completed. */
export interface BaselineRow {
  readonly label: string;
  readonly description: string;
  readonly holes: number;
  readonly quality: Readonly<Partial<Record<Quality, Interval>>>;
  /** The model without context less the baseline, hole by hole. */
  readonly neverLess: Differences;
}

/** Likelihoods are per token of a vocabulary of its own: they are not compared. */
const COMPARED: readonly Quality[] = ['exactMatch', 'editSimilarity', 'identifierF1', 'passed'];

/** @throws AppError invalid_argument: a baseline that completed none of the holes */
export function baselineRows(
  results: readonly HoleResult[],
  baselines: readonly Baseline[],
  unit: ClusterUnit,
  options: BootstrapOptions,
): BaselineRow[] {
  return baselines.map(({ label, description, outcomes }) => {
    const known = results.flatMap((hole) => {
      const outcome = outcomes.get(hole.id);
      return outcome ? [{ hole, outcome }] : [];
    });
    if (known.length === 0) {
      throw invalidArgument(
        'baselines',
        `"${label}" has completed none of the holes; make it on this dataset`,
      );
    }
    const resampler = new Resampler(
      clusterNames(
        known.map(({ hole }) => hole),
        unit,
      ),
      options,
    );
    const intervals = (
      column: (hole: HoleResult, outcome: Outcome, quality: Quality) => number | undefined,
    ) =>
      Object.fromEntries(
        COMPARED.flatMap((quality) => {
          const interval = resampler.ofMean(known.map(({ hole, outcome }) => column(hole, outcome, quality)));
          return interval ? [[quality, interval] as const] : [];
        }),
      );
    return {
      label,
      description,
      holes: known.length,
      quality: intervals((_, outcome, quality) => qualityOf(outcome, quality)),
      neverLess: intervals((hole, outcome, quality) => {
        const [mine, theirs] = [qualityOf(hole.outcomes[0], quality), qualityOf(outcome, quality)];
        return mine === undefined || theirs === undefined ? undefined : mine - theirs;
      }),
    };
  });
}
