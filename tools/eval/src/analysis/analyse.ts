import { invalidArgument } from '@repoformer/domain';
import type { HoleResult } from '../results.js';
import { answersOf, type Answers } from './answers.js';
import { baselineRows, type Baseline, type BaselineRow } from './baselines.js';
import { Resampler, type BootstrapOptions } from './bootstrap.js';
import { clusterNames, clusterUnitOf, type ClusterUnit } from './clusters.js';
import { curvesOf, type Curves } from './curves.js';
import { effectOf, type Effect } from './effect.js';
import { examplesOf, type Examples } from './examples.js';
import { groupTables, modeRows, type GroupTable, type ModeRow } from './mode-table.js';
import { modesOf } from './modes.js';
import { hasContext } from './outcomes.js';
import type { PolicySpec } from './policies.js';
import { verdictOf, type Verdict } from './verdict.js';

/** Everything that is computed from results. Plain values: it can be written as JSON. */
export interface Analysis {
  readonly holes: number;
  readonly repositories: number;
  readonly files: number;
  /** What the bootstrap draws. */
  readonly unit: ClusterUnit;
  /** How often. */
  readonly resamples: number;
  readonly modes: readonly ModeRow[];
  /** In the order in which they were given. */
  readonly baselines: readonly BaselineRow[];
  readonly byKind: readonly GroupTable[];
  readonly byLanguage: readonly GroupTable[];
  readonly effect: Effect;
  readonly effectByKind: readonly { readonly value: string; readonly effect: Effect }[];
  readonly curves: Curves;
  readonly answers: Answers;
  readonly verdict: Verdict;
  readonly examples: Examples;
}

/**
 * Computes all modes and policies from what was measured at each hole. Pure, and the same for the same results.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST: no results, a hole twice, a number that is none, or a policy
 *   or a baseline that says nothing anywhere
 */
export function analyse(
  results: readonly HoleResult[],
  policies: readonly PolicySpec[],
  options: BootstrapOptions = {},
  baselines: readonly Baseline[] = [],
): Analysis {
  check(results, policies);
  const unit = clusterUnitOf(results);
  const resampler = new Resampler(clusterNames(results, unit), options);
  const modes = modesOf(results, policies);
  const rows = modeRows(results, modes, resampler);
  const effect = effectOf(results, resampler);
  const byKind = groupTables(results, modes, 'kind', options);
  return {
    holes: results.length,
    repositories: new Set(results.map(({ repository }) => repository)).size,
    files: new Set(clusterNames(results, 'file')).size,
    unit,
    resamples: resampler.resamples,
    modes: rows,
    baselines: baselineRows(results, baselines, unit, options),
    byKind,
    byLanguage: groupTables(results, modes, 'language', options),
    effect,
    effectByKind: byKind.map(({ value }) => {
      const group = results.filter(({ kind }) => kind === value);
      return {
        value,
        effect: effectOf(group, new Resampler(clusterNames(group, clusterUnitOf(group)), options)),
      };
    }),
    curves: curvesOf(results, policies, resampler),
    answers: answersOf(effect, rows, results.length),
    verdict: verdictOf(results, modes, rows, resampler, unit),
    examples: examplesOf(results.filter(hasContext)),
  };
}

function check(results: readonly HoleResult[], policies: readonly PolicySpec[]): void {
  if (results.length === 0) {
    throw invalidArgument('results', 'there is no hole to judge; run the evaluation first');
  }
  const seen = new Set<string>();
  for (const hole of results) {
    if (seen.has(hole.id)) {
      throw invalidArgument('results', `hole ${hole.id} comes twice; join shards only once`);
    }
    seen.add(hole.id);
    if (!isSound(hole)) {
      throw invalidArgument('results', `hole ${hole.id} lacks an outcome or a number; evaluate it again`);
    }
  }
  const specs = new Set<string>();
  for (const { name, threshold, says } of policies) {
    const key = says === 'chunks' ? name : `${name}@${threshold}`;
    if (specs.has(key)) throw invalidArgument('policies', `"${key}" is listed twice; name it once`);
    specs.add(key);
    const isSaid = name === 'similarity' || results.some((hole) => hole.policies[name] !== undefined);
    if (!isSaid)
      throw invalidArgument(
        'policies',
        `no hole has an answer of "${name}"; leave it out or evaluate with it`,
      );
  }
}

/** A null from a damaged file would spoil every mean without a word. */
function isSound(hole: HoleResult): boolean {
  const numbers = hole.outcomes.flatMap(({ timings, ...outcome }) => [
    outcome.chunks,
    outcome.contextTokens,
    outcome.editSimilarity,
    outcome.identifierF1,
    outcome.logLikelihood ?? 0,
    ...[timings.retrieveMs, timings.sharedMs, timings.contextMs, timings.decodeMs],
  ]);
  return (
    hole.outcomes.length > 0 &&
    [...numbers, ...hole.scores, ...Object.values(hole.policies)].every(Number.isFinite)
  );
}
