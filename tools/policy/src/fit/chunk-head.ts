import { CHUNK_FEATURES, HOLE_FEATURES, type ChunkHead } from '@repoformer/policy';
import { correlation, ranksOf } from '../metrics/ranking.js';
import { clusterBootstrap, type BootstrapEstimate } from '../metrics/cluster-bootstrap.js';
import { Matrix } from '../models/matrix.js';
import { varying } from './candidates.js';
import type { FitHole } from './fit-table.js';
import { foldsByRepository } from './folds.js';
import { clipperOf } from './targets.js';
import { tuneLinear, tuneTrees, unfolded, type Tuned } from './tune.js';

/** What came of predicting the gain of each chunk. */
export interface ChunkHeadReport {
  readonly rows: number;
  readonly setting: string;
  /** Spearman's correlation of prediction and gain on held-out repositories. */
  readonly correlation: BootstrapEstimate;
  readonly pointsPerNat: number;
  readonly used: boolean;
}

const PENALTIES = [100, 1_000, 10_000];
/** Fewer rows than this are not worth a fit. */
const LEAST_ROWS = 100;

/**
 * Fits the marginal gain of each chunk, clipped for its heavy tails. There is a head only where its ranking of
 * held-out chunks is better than chance by more than two standard errors.
 */
export function fitChunkHead(
  holes: readonly FitHole[],
  options: { readonly folds: number; readonly seed: number; readonly draws: number },
): { readonly head?: ChunkHead; readonly report?: ChunkHeadReport } {
  const rows = holes.flatMap((hole) =>
    hole.chunkGains.slice(0, hole.chunkFeatures.length).map((gain, at) => ({ hole, at, gain })),
  );
  const maxChunks = rows.reduce((most, { at }) => Math.max(most, at + 1), 0);
  if (rows.length < LEAST_ROWS) return {};
  const clip = clipperOf(rows.map(({ gain }) => gain));
  const y = Float64Array.from(rows, ({ gain }) => clip(gain));
  const { inputs, x } = varying(
    [...CHUNK_FEATURES.map((name) => `chunk.${name}`), ...HOLE_FEATURES.map((name) => `hole.${name}`)],
    Matrix.of(rows.map(({ hole, at }) => [...hole.chunkFeatures[at]!, ...hole.holeFeatures])),
  );
  if (x.columns === 0) return {};
  const repositories = rows.map(({ hole }) => hole.repository);
  const folds = foldsByRepository(repositories, options.folds, options.seed);
  const gainRanks = ranksOf(y);
  const correlator = ({ scores }: Tuned) => {
    const ranks = ranksOf(scores);
    return (weights: Float64Array) => correlation(ranks, gainRanks, weights);
  };
  const linear = tuneLinear(unfolded(x), y, folds, 'squared', PENALTIES);
  const trees = tuneTrees(unfolded(x), y, folds, 'squared', options.seed);
  const [ofLinear, ofTrees] = [correlator(linear), correlator(trees)];
  const better = clusterBootstrap(repositories, (weights) => ofTrees(weights) - ofLinear(weights), options);
  const tuned: Tuned = better.value > better.standardError ? trees : linear;
  const ranked = clusterBootstrap(repositories, correlator(tuned), options);
  const pointsPerNat = slopeThroughOrigin(holes);
  const used = ranked.value > 2 * ranked.standardError && pointsPerNat > 0;
  const report = { rows: rows.length, setting: tuned.setting, correlation: ranked, pointsPerNat, used };
  return used ? { head: { inputs, scorer: tuned.refit(), pointsPerNat, maxChunks }, report } : { report };
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
