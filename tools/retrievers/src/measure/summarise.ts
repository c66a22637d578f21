import { clusterBootstrap } from '@repoformer/policy-tool';
import type { HoleOutcome } from './measure-repository.js';
import { nameOf, type Setup } from './setup.js';
import { TRUTHS, type Truth } from './truth.js';

/** An estimate with the middle 95 % of a bootstrap over repositories; without it where there is one repository. */
export interface Estimate {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** What a setup finds within one budget, in percent of the names, or of the holes. */
export interface BudgetRow {
  readonly budgetTokens: number;
  /** Mean share of a hole's new names that are shown. */
  readonly recall: Readonly<Partial<Record<Truth, Estimate>>>;
  /** Share of holes with at least one of them shown. */
  readonly any: Readonly<Partial<Record<Truth, Estimate>>>;
  /** Recall less that of the first setup, hole by hole. */
  readonly versusFirst: Readonly<Partial<Record<Truth, Estimate>>>;
  /** Mean of the tokens used. */
  readonly tokens: number;
}

export interface SetupRow extends Setup {
  readonly budgets: readonly BudgetRow[];
  readonly medianMs: number;
  readonly p99Ms: number;
}

export interface Summary {
  readonly holes: number;
  readonly repositories: number;
  /** Holes that lack any name, by what counts as one. */
  readonly holesWith: Readonly<Record<Truth, number>>;
  readonly setups: readonly SetupRow[];
}

export interface SummaryOptions {
  readonly budgets: readonly number[];
  readonly seed: number;
  /** Of the bootstrap. Default 1000. */
  readonly draws?: number;
}

/** @param outcomes by the setup's name, for the same holes in the same order */
export function summarise(
  setups: readonly Setup[],
  outcomes: ReadonlyMap<string, readonly HoleOutcome[]>,
  { budgets, seed, draws = 1000 }: SummaryOptions,
): Summary {
  const first = outcomes.get(nameOf(setups[0]!))!;
  const estimate = (
    rows: readonly HoleOutcome[],
    valueOf: (row: HoleOutcome, at: number) => number | undefined,
  ) => estimateOf(rows, valueOf, { seed, draws });
  return {
    holes: first.length,
    repositories: new Set(first.map(({ repository }) => repository)).size,
    holesWith: Object.fromEntries(
      TRUTHS.map((truth) => [truth, first.filter(({ shares }) => shares[truth] !== undefined).length]),
    ) as Record<Truth, number>,
    setups: setups.map((setup) => {
      const rows = outcomes.get(nameOf(setup))!;
      const times = rows.map(({ ms }) => ms).sort((a, b) => a - b);
      return {
        ...setup,
        budgets: budgets.map((budgetTokens, budget) => {
          const shareOf = (row: HoleOutcome, truth: Truth) => row.shares[truth]?.[budget];
          const each = (value: (row: HoleOutcome, truth: Truth, at: number) => number | undefined) =>
            byTruth((truth) => estimate(rows, (row, at) => percent(value(row, truth, at))));
          return {
            budgetTokens,
            recall: each(shareOf),
            any: each((row, truth) => {
              const share = shareOf(row, truth);
              return share === undefined ? undefined : Number(share > 0);
            }),
            versusFirst: each((row, truth, at) => {
              const [mine, its] = [shareOf(row, truth), shareOf(first[at]!, truth)];
              return mine === undefined || its === undefined ? undefined : mine - its;
            }),
            tokens: rows.reduce((sum, { tokens }) => sum + tokens[budget]!, 0) / Math.max(1, rows.length),
          };
        }),
        medianMs: quantile(times, 0.5),
        p99Ms: quantile(times, 0.99),
      };
    }),
  };
}

/** The mean over holes; repositories are drawn whole. */
function estimateOf(
  rows: readonly HoleOutcome[],
  valueOf: (row: HoleOutcome, at: number) => number | undefined,
  options: { readonly seed: number; readonly draws: number },
): Estimate | undefined {
  const sums = new Map<string, { sum: number; count: number }>();
  rows.forEach((row, at) => {
    const value = valueOf(row, at);
    if (value === undefined) return;
    const entry = sums.get(row.repository) ?? { sum: 0, count: 0 };
    entry.sum += value;
    entry.count++;
    sums.set(row.repository, entry);
  });
  if (sums.size === 0) return undefined;
  const clusters = [...sums.values()];
  const mean = (weights: Float64Array) => {
    let [sum, count] = [0, 0];
    clusters.forEach((cluster, at) => {
      sum += weights[at]! * cluster.sum;
      count += weights[at]! * cluster.count;
    });
    return sum / count;
  };
  if (clusters.length < 2) return { value: mean(Float64Array.of(1)) };
  const { value, low, high } = clusterBootstrap([...sums.keys()], mean, options);
  return { value, low, high };
}

function byTruth(estimate: (truth: Truth) => Estimate | undefined): Partial<Record<Truth, Estimate>> {
  return Object.fromEntries(
    TRUTHS.flatMap((truth) => {
      const value = estimate(truth);
      return value === undefined ? [] : [[truth, value]];
    }),
  );
}

function percent(value: number | undefined): number | undefined {
  return value === undefined ? undefined : 100 * value;
}

/** The smallest value that at least a share of the sorted values do not exceed; 0 of none. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
