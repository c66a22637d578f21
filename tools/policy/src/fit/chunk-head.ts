import { CHUNK_FEATURES, HOLE_FEATURES, type ChunkHead, type Scorer } from '@repoformer/policy';
import { clusterBootstrap, type BootstrapEstimate } from '../metrics/cluster-bootstrap.js';
import { correlation, ranksOf } from '../metrics/ranking.js';
import { Matrix } from '../models/matrix.js';
import { varying } from './candidates.js';
import { foldsAlong } from './coverage-candidates.js';
import { coverageWorth } from './coverage-worth.js';
import type { CoverageHole, FitHole } from './fit-table.js';
import { clipperOf } from './targets.js';
import { tuneLinear, tuneTrees, unfolded, type Tuned } from './tune.js';

/** What came of predicting the gain of each chunk. */
export interface ChunkHeadReport {
  /** Labelled chunks. */
  readonly rows: number;
  readonly setting: string;
  /** Spearman's correlation of prediction and gain on held-out repositories. */
  readonly correlation: BootstrapEstimate;
  readonly pointsPerNat: number;
  readonly used: boolean;
}

export interface ChunkHeadOptions {
  /** Of the labelled holes. */
  readonly folds: Int32Array;
  readonly seed: number;
  readonly draws: number;
}

const PENALTIES = [100, 1_000, 10_000];
/** Fewer labelled chunks than this are not worth a fit. */
const LEAST_ROWS = 100;

/**
 * Predicts what each chunk adds to the truth's log-likelihood: learnt from what chunks show of the truth where that is
 * known, else from their labelled gains; then moved and scaled to the labelled gains, clipped for their heavy tails.
 * There is a head only where it ranks held-out chunks better than chance by more than two standard errors.
 */
export function fitChunkHead(
  holes: readonly FitHole[],
  coverage: readonly CoverageHole[] | undefined,
  { folds, seed, draws }: ChunkHeadOptions,
): { readonly head?: ChunkHead; readonly report?: ChunkHeadReport } {
  const labelled = holes.flatMap(({ id, repository, chunkFeatures, chunkGains }) =>
    chunkGains.slice(0, chunkFeatures.length).map((gain, at) => ({ key: `${id} ${at}`, repository, gain })),
  );
  if (labelled.length < LEAST_ROWS) return {};
  const gainOf = clipperOf(labelled.map(({ gain }) => gain));
  const gains = Float64Array.from(labelled, ({ gain }) => gainOf(gain));
  const rows = (coverage ?? holes).flatMap((hole) => {
    const known =
      'coverage' in hole
        ? hole.coverage.map((each) => coverageWorth(each, 'logLikelihood'))
        : hole.chunkGains.map(gainOf);
    return hole.chunkFeatures
      .slice(0, known.length)
      .map((features, at) => ({ hole, at, features, y: known[at]!, repository: hole.repository }));
  });
  const maxChunks = rows.reduce((most, { at }) => Math.max(most, at + 1), 0);
  const { inputs, x } = varying(
    [...CHUNK_FEATURES.map((name) => `chunk.${name}`), ...HOLE_FEATURES.map((name) => `hole.${name}`)],
    Matrix.of(rows.map(({ hole, features }) => [...features, ...hole.holeFeatures])),
  );
  if (x.columns === 0) return {};
  const y = Float64Array.from(rows, (row) => row.y);
  const rowFolds = foldsAlong(rows, { holes, folds });
  const rowOf = new Map(rows.map(({ hole, at }, row) => [`${hole.id} ${at}`, row]));
  const predicted = ({ scores }: Tuned) => Float64Array.from(labelled, ({ key }) => scores[rowOf.get(key)!]!);

  const repositories = labelled.map(({ repository }) => repository);
  const gainRanks = ranksOf(gains);
  const correlator = (tuned: Tuned) => {
    const ranks = ranksOf(predicted(tuned));
    return (weights: Float64Array) => correlation(ranks, gainRanks, weights);
  };
  const linear = tuneLinear(unfolded(x), y, rowFolds, 'squared', PENALTIES);
  const trees = tuneTrees(unfolded(x), y, rowFolds, 'squared', seed);
  const [ofLinear, ofTrees] = [correlator(linear), correlator(trees)];
  const options = { seed, draws };
  const better = clusterBootstrap(repositories, (weights) => ofTrees(weights) - ofLinear(weights), options);
  const tuned: Tuned = better.value > better.standardError ? trees : linear;
  const ranked = clusterBootstrap(repositories, correlator(tuned), options);
  const line = lineThrough(predicted(tuned), gains);
  const pointsPerNat = slopeThroughOrigin(holes);
  const used = ranked.value > 2 * ranked.standardError && line.slope > 0 && pointsPerNat > 0;
  const report = { rows: labelled.length, setting: tuned.setting, correlation: ranked, pointsPerNat, used };
  if (!used) return { report };
  return { head: { inputs, scorer: alongLine(tuned.refit(), line), pointsPerNat, maxChunks }, report };
}

interface Line {
  readonly slope: number;
  readonly level: number;
}

/** Least squares. */
function lineThrough(x: Float64Array, y: Float64Array): Line {
  const mean = (values: Float64Array) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  let shared = 0;
  let squared = 0;
  for (const [at, each] of x.entries()) {
    shared += (each - meanX) * (y[at]! - meanY);
    squared += (each - meanX) ** 2;
  }
  const slope = squared > 0 ? shared / squared : 0;
  return { slope, level: meanY - slope * meanX };
}

/** A scorer whose scores are `level + slope · score`. */
function alongLine(scorer: Scorer, { slope, level }: Line): Scorer {
  if (scorer.kind === 'linear') {
    const weights = scorer.weights.map((weight) => slope * weight);
    return { ...scorer, weights, bias: level + slope * scorer.bias };
  }
  const trees = scorer.trees.map((tree) => ({ ...tree, leaf: tree.leaf.map((value) => slope * value) }));
  return { ...scorer, base: level + slope * scorer.base, trees };
}

/** Points of edit similarity for a nat per token, by least squares over the holes' clipped gains; not negative. */
function slopeThroughOrigin(holes: readonly FitHole[]): number {
  const clip = clipperOf(holes.map((hole) => hole.gainLogLikelihood));
  let shared = 0;
  let squared = 0;
  for (const hole of holes) {
    const nats = clip(hole.gainLogLikelihood);
    shared += nats * hole.gainEs;
    squared += nats * nats;
  }
  return squared > 0 ? Math.min(1e4, Math.max(0, shared / squared)) : 0;
}
