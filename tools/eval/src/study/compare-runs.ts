import type { LabelRun } from '@repoformer/dataset';
import { invalidArgument } from '@repoformer/domain';
import { Resampler, type BootstrapOptions, type Interval } from '../analysis/bootstrap.js';
import { clusterNames, clusterUnitOf, type ClusterUnit } from '../analysis/clusters.js';
import type { LabelledHole, LabelledHoles } from '../collect/collect-results.js';
import { ALONE } from '../results.js';

/** A run under study. */
export interface StudiedRun extends LabelledHoles {
  /** How it is called in tables; unique. */
  readonly name: string;
}

/** What a run gives with at most so many chunks of context. */
export interface StudyRow {
  /** {@link ALONE}: nothing was retrieved, where 0 is to copy from what was. */
  readonly chunks: number;
  /** Means over all holes; absent where completions were not written at each of them. */
  readonly exactMatch?: Interval;
  readonly editSimilarity?: Interval;
  /** Of the truth, per token in nats. */
  readonly logLikelihood?: Interval;
  /** Less none, hole by hole. */
  readonly gain: { readonly editSimilarity?: Interval; readonly logLikelihood?: Interval };
  /** Shares of holes where edit similarity is above, as, below that of none. */
  readonly better?: number;
  readonly same?: number;
  readonly worse?: number;
  readonly contextTokens: number;
  /** Milliseconds: evaluating the context, and writing; absent where the engine's mean nothing. */
  readonly contextMs?: number;
  readonly decodeMs?: number;
  /** This run less the first one, with the same number of chunks, hole by hole. */
  readonly versusFirst: { readonly editSimilarity?: Interval; readonly logLikelihood?: Interval };
}

export interface StudyEntry {
  readonly name: string;
  readonly model: LabelRun['model'];
  readonly family: string;
  readonly placement: string;
  readonly order: string;
  readonly settings: LabelRun['settings'];
  /** Whether its likelihoods are per token of the same vocabulary as the first run's. */
  readonly sharesTokens: boolean;
  readonly rows: readonly StudyRow[];
}

export interface Study {
  /** Holes that every run has labelled. */
  readonly holes: number;
  readonly repositories: number;
  /** Of each run, holes that another one lacks. */
  readonly leftOut: number;
  /** What the bootstrap draws. */
  readonly unit: ClusterUnit;
  readonly entries: readonly StudyEntry[];
}

/** Rounding of likelihoods apart, equal. */
const SAME = 1e-9;

/**
 * Compares runs hole by hole, at the holes that all of them have labelled, at each number of chunks. A hole with fewer
 * chunks counts with all it has.
 *
 * @throws AppError invalid_argument when the runs share no hole
 */
export function compareRuns(runs: readonly StudiedRun[], options: BootstrapOptions = {}): Study {
  const shared = sharedHoles(runs);
  const first = shared[0]!;
  const places = first.map(({ hole }) => hole);
  const unit = clusterUnitOf(places);
  const resampler = new Resampler(clusterNames(places, unit), options);
  const targets = first.map(({ label }) => label.tokens.target);
  const entries = runs.map(({ name, run }, index): StudyEntry => {
    const own = shared[index]!;
    const sharesTokens =
      run.readoutTokens.join() === runs[0]!.run.readoutTokens.join() &&
      own.every(({ label }, row) => label.tokens.target === targets[row]);
    const isTimed = run.engine === undefined;
    const most = Math.max(...own.map(({ label }) => label.variants.length)) - 1;
    const { model, family, placement, order, settings } = run;
    const depths = Array.from({ length: most + 1 }, (_, chunks) => chunks);
    if (own.some(({ label }) => label.alone)) depths.unshift(ALONE);
    const rows = depths.map((chunks) =>
      studyRow(own, index === 0 ? undefined : first, chunks, { sharesTokens, isTimed }, resampler),
    );
    return { name, model, family, placement, order, settings, sharesTokens, rows };
  });
  return {
    holes: first.length,
    repositories: new Set(places.map(({ repository }) => repository)).size,
    leftOut: runs.reduce((sum, { holes }) => sum + holes.length - first.length, 0),
    unit,
    entries,
  };
}

/** Of each run, the holes that all have, in one order. */
function sharedHoles(runs: readonly StudiedRun[]): LabelledHole[][] {
  const byId = runs.map(({ holes }) => new Map(holes.map((labelled) => [labelled.hole.id, labelled])));
  const ids = [...(byId[0]?.keys() ?? [])].filter((id) => byId.every((known) => known.has(id))).sort();
  if (ids.length === 0) {
    throw invalidArgument(
      'labels',
      'the runs have no hole in common; label the same holes with each (`repoformer-dataset label --limit` takes the same ones)',
    );
  }
  return byId.map((known) => ids.map((id) => known.get(id)!));
}

type Column = readonly (number | undefined)[];

function studyRow(
  holes: readonly LabelledHole[],
  first: readonly LabelledHole[] | undefined,
  chunks: number,
  { sharesTokens, isTimed }: { readonly sharesTokens: boolean; readonly isTimed: boolean },
  resampler: Resampler,
): StudyRow {
  const edits = columnOf(holes, chunks, 'editSimilarity');
  const likelihoods = columnOf(holes, chunks, 'logLikelihood');
  const gains = {
    editSimilarity: less(edits, columnOf(holes, 0, 'editSimilarity')),
    logLikelihood: less(likelihoods, columnOf(holes, 0, 'logLikelihood')),
  };
  const known = gains.editSimilarity.filter((gain) => gain !== undefined);
  const isWhole = known.length === holes.length;
  const share = (test: (gain: number) => boolean) => known.filter(test).length / known.length;
  const variants = holes.map((labelled) => variantAt(labelled, chunks));
  const decode = variants.flatMap(({ completion }) => completion?.decodeMs ?? []);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    chunks,
    ...interval('exactMatch', columnOf(holes, chunks, 'exactMatch'), resampler),
    ...interval('editSimilarity', edits, resampler),
    ...interval('logLikelihood', likelihoods, resampler),
    gain: {
      ...(chunks > 0 && interval('editSimilarity', gains.editSimilarity, resampler)),
      ...(chunks > 0 && interval('logLikelihood', gains.logLikelihood, resampler)),
    },
    ...(chunks > 0 &&
      isWhole && {
        better: share((gain) => gain > SAME),
        same: share((gain) => Math.abs(gain) <= SAME),
        worse: share((gain) => gain < -SAME),
      }),
    contextTokens: mean(variants.map(({ contextTokens }) => contextTokens)),
    ...(isTimed && { contextMs: mean(variants.map(({ contextMs }) => contextMs)) }),
    ...(isTimed && decode.length === holes.length && { decodeMs: mean(decode) }),
    versusFirst: first
      ? {
          ...interval('editSimilarity', less(edits, columnOf(first, chunks, 'editSimilarity')), resampler),
          ...(sharesTokens &&
            interval(
              'logLikelihood',
              less(likelihoods, columnOf(first, chunks, 'logLikelihood')),
              resampler,
            )),
        }
      : {},
  };
}

type Measure = 'exactMatch' | 'editSimilarity' | 'logLikelihood';

function columnOf(holes: readonly LabelledHole[], chunks: number, measure: Measure): Column {
  return holes.map((labelled) => {
    const value = variantAt(labelled, chunks)[measure];
    return typeof value === 'boolean' ? (value ? 100 : 0) : value;
  });
}

function variantAt({ label: { variants, alone } }: LabelledHole, chunks: number) {
  if (chunks === ALONE) return alone ?? variants[0];
  return variants[Math.min(chunks, variants.length - 1)]!;
}

function less(mine: Column, theirs: Column): Column {
  return mine.map((value, row) => {
    const other = theirs[row];
    return value === undefined || other === undefined ? undefined : value - other;
  });
}

/** A mean with its interval, unless some of the holes lack it: means of other holes are not to be compared. */
function interval<K extends string>(name: K, column: Column, resampler: Resampler) {
  const found = column.some((value) => value === undefined) ? undefined : resampler.ofMean(column);
  return found ? ({ [name]: found } as Record<K, Interval>) : {};
}
