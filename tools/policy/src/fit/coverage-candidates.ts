import { HOLE_FEATURES } from '@repoformer/policy';
import { Matrix } from '../models/matrix.js';
import { varying, type Candidate } from './candidates.js';
import { coverageWorth } from './coverage-worth.js';
import type { CoverageHole, FitHole } from './fit-table.js';
import type { Target } from './targets.js';
import { tuneLinear, tuneTrees, unfolded, type Tuned } from './tune.js';

const PENALTIES = [100, 1_000, 10_000];

/**
 * Learns from what context shows of the truth, which every hole of the dataset tells without a model, and ranks the
 * labelled holes by it. Of the labels such a candidate sees nothing before it is calibrated.
 *
 * @param coverage holds all of the labelled holes
 * @param folds of the labelled holes: a repository held out with one of them is not learnt from either
 * @param chunks how many of the first chunks count
 */
export function coverageCandidates(
  coverage: readonly CoverageHole[],
  labelled: { readonly holes: readonly FitHole[]; readonly folds: Int32Array },
  { chunks, target, seed }: { readonly chunks: number; readonly target: Target; readonly seed: number },
): Candidate[] {
  const { inputs, x } = varying(
    HOLE_FEATURES.map((name) => `hole.${name}`),
    Matrix.of(coverage.map(({ holeFeatures }) => holeFeatures)),
  );
  if (x.columns === 0) return [];
  const y = Float64Array.from(coverage, (hole) =>
    hole.coverage.slice(0, chunks).reduce((sum, each) => sum + coverageWorth(each, target), 0),
  );
  const folds = foldsAlong(coverage, labelled);
  const rowOf = new Map(coverage.map(({ id }, row) => [id, row]));
  const of = (name: string, tuned: Tuned): Candidate => ({
    ...tuned,
    scores: Float64Array.from(labelled.holes, ({ id }) => tuned.scores[rowOf.get(id)!]!),
    name,
    stage: 'free',
    inputs,
    predicts: 'coverage',
  });
  return [
    of('coverage', tuneLinear(unfolded(x), y, folds, 'squared', PENALTIES)),
    of('coverage-trees', tuneTrees(unfolded(x), y, folds, 'squared', seed)),
  ];
}

/** The fold of each repository's labelled holes; what has none is in a fold of its own. */
export function foldsAlong(
  rows: readonly Pick<CoverageHole, 'repository'>[],
  labelled: { readonly holes: readonly Pick<FitHole, 'repository'>[]; readonly folds: Int32Array },
): Int32Array {
  const foldOf = new Map(labelled.holes.map(({ repository }, row) => [repository, labelled.folds[row]!]));
  return Int32Array.from(rows, ({ repository }) => foldOf.get(repository) ?? -1);
}
