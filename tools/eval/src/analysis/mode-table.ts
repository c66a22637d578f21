import type { HoleResult } from '../results.js';
import { abstentionsOf, type Abstentions } from './abstention.js';
import { Resampler, type BootstrapOptions, type Interval } from './bootstrap.js';
import { clusterNames, clusterUnitOf, type ClusterUnit } from './clusters.js';
import {
  differencesToRandom,
  drawStandardError,
  pairedDifferences,
  speedUp,
  type Differences,
} from './differences.js';
import { contextColumn, expected, qualityColumn } from './expectation.js';
import { latencyTable, type LatencyTable } from './latency.js';
import { alwaysMode, neverMode, randomMode, type Mode } from './modes.js';
import { outcomeAt, QUALITIES, type Quality } from './outcomes.js';
import { mean } from './statistics.js';

/** What a mode gives. Differences and speed-ups are to other modes at the same holes. */
export interface ModeRow extends Pick<
  Mode,
  'key' | 'name' | 'label' | 'description' | 'threshold' | 'options' | 'family'
> {
  /** Means with intervals; `exactMatch` and `passed` are percentages of holes. */
  readonly quality: Readonly<Partial<Record<Quality, Interval>>>;
  /** Share of requests with context, in [0, 1]. */
  readonly share: number;
  readonly contextTokens: number;
  readonly latency: LatencyTable;
  /** Reduction of latency against always, in [0, 1] where it saves. */
  readonly speedUp: { readonly cold?: Interval; readonly warm?: Interval };
  readonly versusNever: Differences;
  readonly versusAlways: Differences;
  /** Only for modes that decide. */
  readonly random?: RandomComparison;
  readonly abstentions?: Abstentions;
}

/** Coin tosses at a mode's own rate. */
export interface RandomComparison {
  readonly quality: Readonly<Partial<Record<Quality, number>>>;
  readonly latency: LatencyTable;
  /** The mode less the tosses. */
  readonly difference: Differences;
  /** Scatter of the tosses' mean edit similarity over how they could have fallen. */
  readonly drawStandardError?: number;
}

/** The table of one group of holes: a kind, a language. */
export interface GroupTable {
  readonly by: 'kind' | 'language';
  readonly value: string;
  readonly holes: number;
  readonly repositories: number;
  /** What its intervals draw: finer than elsewhere where the group has too few repositories. */
  readonly unit: ClusterUnit;
  readonly rows: readonly GroupRow[];
}

/** As {@link ModeRow}, without what small groups cannot tell. */
export interface GroupRow extends Pick<ModeRow, 'key' | 'label' | 'family' | 'share'> {
  readonly quality: ModeRow['quality'];
  readonly latencyMs: { readonly cold: number; readonly warm: number };
  readonly speedUp: ModeRow['speedUp'];
  readonly versusNever: Differences;
  readonly versusAlways: Differences;
  readonly abstentions?: Abstentions;
}

/** All there is to say of each mode. */
export function modeRows(
  results: readonly HoleResult[],
  modes: readonly Mode[],
  resampler: Resampler,
): ModeRow[] {
  const [never, always] = [neverMode(results), alwaysMode(results)];
  return modes.map((mode) => {
    const { key, name, label, description, threshold, options, family } = mode;
    const random = mode.depths && randomMode(results, mode);
    const scatter = drawStandardError(results, mode);
    return {
      ...{ key, name, label, description, family },
      ...(threshold !== undefined && { threshold }),
      ...(options !== undefined && { options }),
      quality: qualities(results, mode, resampler, QUALITIES),
      share: mean(contextColumn(results, mode)),
      contextTokens: mean(
        results.map((hole, row) => expected(mode, row, (index) => outcomeAt(hole, index).contextTokens)),
      ),
      latency: latencyTable(results, mode),
      speedUp: speedUps(results, mode, always, resampler),
      versusNever: pairedDifferences(results, mode, never, resampler),
      versusAlways: pairedDifferences(results, mode, always, resampler),
      ...(random && {
        random: {
          quality: estimates(results, random),
          latency: latencyTable(results, random),
          difference: differencesToRandom(results, mode, resampler),
          ...(scatter !== undefined && { drawStandardError: scatter }),
        },
        abstentions: abstentionsOf(results, mode, resampler),
      }),
    };
  });
}

/** The modes within each value of a property, the values with the most holes first. */
export function groupTables(
  results: readonly HoleResult[],
  modes: readonly Mode[],
  by: 'kind' | 'language',
  options: BootstrapOptions,
): GroupTable[] {
  const values = new Map<string, number[]>();
  results.forEach((hole, row) => values.set(hole[by], [...(values.get(hole[by]) ?? []), row]));
  return [...values]
    .sort(([a, left], [b, right]) => right.length - left.length || (a < b ? -1 : 1))
    .map(([value, rows]) => {
      const group = rows.flatMap((row) => results[row] ?? []);
      const unit = clusterUnitOf(group);
      const resampler = new Resampler(clusterNames(group, unit), options);
      const [never, always] = [neverMode(group), alwaysMode(group)];
      return {
        by,
        value,
        holes: group.length,
        repositories: new Set(group.map(({ repository }) => repository)).size,
        unit,
        rows: modes.map((mode) => groupRow(group, restrict(mode, rows), never, always, resampler)),
      };
    });
}

/** What a mode picks at some of the holes. */
function restrict(mode: Mode, rows: readonly number[]): Mode {
  return {
    ...mode,
    picks: rows.map((row) => mode.picks[row] ?? []),
    ...(mode.depths && { depths: rows.map((row) => mode.depths?.[row] ?? 0) }),
  };
}

function groupRow(
  results: readonly HoleResult[],
  mode: Mode,
  never: Mode,
  always: Mode,
  resampler: Resampler,
): GroupRow {
  const compared: Quality[] = ['exactMatch', 'editSimilarity'];
  const { cold, warm } = latencyTable(results, mode);
  return {
    key: mode.key,
    label: mode.label,
    family: mode.family,
    share: mean(contextColumn(results, mode)),
    quality: qualities(results, mode, resampler, QUALITIES),
    latencyMs: { cold: cold.mean, warm: warm.mean },
    speedUp: speedUps(results, mode, always, resampler),
    versusNever: pairedDifferences(results, mode, never, resampler, compared),
    versusAlways: pairedDifferences(results, mode, always, resampler, compared),
    ...(mode.depths && { abstentions: abstentionsOf(results, mode, resampler) }),
  };
}

function qualities(
  results: readonly HoleResult[],
  mode: Mode,
  resampler: Resampler,
  which: readonly Quality[],
): Partial<Record<Quality, Interval>> {
  const entries = which.flatMap((quality) => {
    const interval = resampler.ofMean(qualityColumn(results, mode, quality));
    return interval ? [[quality, interval] as const] : [];
  });
  return Object.fromEntries(entries);
}

function estimates(results: readonly HoleResult[], mode: Mode): Partial<Record<Quality, number>> {
  const entries = QUALITIES.flatMap((quality) => {
    const values = qualityColumn(results, mode, quality).filter((value) => value !== undefined);
    return values.length > 0 ? [[quality, mean(values)] as const] : [];
  });
  return Object.fromEntries(entries);
}

function speedUps(
  results: readonly HoleResult[],
  mode: Mode,
  always: Mode,
  resampler: Resampler,
): ModeRow['speedUp'] {
  const cold = speedUp(results, mode, always, 'cold', resampler);
  const warm = speedUp(results, mode, always, 'warm', resampler);
  return { ...(cold && { cold }), ...(warm && { warm }) };
}
