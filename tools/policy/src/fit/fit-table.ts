import { AppError } from '@repoformer/domain';
import type { Coverage } from './coverage-worth.js';
import { CHUNK_FEATURES, HOLE_FEATURES, MAX_CHUNKS, type Probe, type ReadoutPlace } from '@repoformer/policy';

/** What the model said at a hole, before any context. */
export interface FitProbe extends Pick<Probe, 'decisionProbability' | 'firstToken'> {
  /** Log-probabilities of the table's read-out tokens, by the place where they were read. */
  readonly readouts?: Partial<Readonly<Record<ReadoutPlace, readonly number[]>>>;
}

/** One labelled hole. */
export interface FitHole {
  readonly id: string;
  readonly repository: string;
  readonly split: 'train' | 'calibration';
  readonly language: string;
  readonly holeFeatures: readonly number[];
  readonly chunkFeatures: readonly (readonly number[])[];
  readonly probe?: FitProbe;
  /** Edit similarity with all chunks minus without, in points. */
  readonly gainEs: number;
  /** Mean log-likelihood of the truth with all chunks minus without, nats per token. */
  readonly gainLogLikelihood: number;
  /** What chunk 1, 2, ... added in turn, nats per token; there may be fewer than chunks with features, or none. */
  readonly chunkGains: readonly number[];
}

/** A hole for training, labelled or not, with what its chunks show of the truth. */
export interface CoverageHole extends Pick<FitHole, 'id' | 'repository' | 'holeFeatures' | 'chunkFeatures'> {
  /** By chunk: see `coverageOf`. */
  readonly coverage: readonly Coverage[];
}

/** What a policy is fitted on. */
export interface FitTable {
  readonly holes: readonly FitHole[];
  /** All holes for training, the labelled ones among them. Absent: labels alone are learnt from. */
  readonly coverage?: readonly CoverageHole[];
  /** Whose log-probabilities the read-outs hold, in their order; needed for a read-out. */
  readonly readoutTokens?: readonly number[];
  /** Most chunks in the prompts that `gainEs` and `gainLogLikelihood` are about. Default {@link MAX_CHUNKS}. */
  readonly contextChunks?: number;
}

/** @throws AppError invalid_argument when a hole has not this version's features or a number is not finite */
export function checkTable({ holes, coverage = [], readoutTokens }: FitTable): void {
  checkRows(holes);
  checkRows(coverage);
  for (const hole of holes) {
    if (![hole.gainEs, hole.gainLogLikelihood, ...hole.chunkGains].every(Number.isFinite)) {
      fail(hole, 'has a gain that is not finite');
    }
    for (const readout of Object.values(hole.probe?.readouts ?? {})) {
      if (!readout.every(Number.isFinite)) fail(hole, 'has a log-probability that is not finite');
      if (readout.length !== readoutTokens?.length)
        fail(hole, 'has a read-out of another length than the list of tokens');
    }
  }
  for (const hole of coverage) {
    if (!hole.coverage.every(({ name, line }) => Number.isFinite(name + line)))
      fail(hole, 'has a coverage that is not finite');
  }
}

function checkRows(rows: readonly (FitHole | CoverageHole)[]): void {
  const ids = new Set<string>();
  for (const row of rows) {
    if (ids.has(row.id)) fail(row, 'is there twice');
    ids.add(row.id);
    const isRow = (values: readonly number[], length: number) =>
      values.length === length && values.every(Number.isFinite);
    if (!isRow(row.holeFeatures, HOLE_FEATURES.length))
      fail(row, `has not ${HOLE_FEATURES.length} finite features`);
    if (
      row.chunkFeatures.length > MAX_CHUNKS ||
      !row.chunkFeatures.every((each) => isRow(each, CHUNK_FEATURES.length))
    ) {
      fail(row, `has not at most ${MAX_CHUNKS} rows of ${CHUNK_FEATURES.length} finite chunk features`);
    }
  }
}

function fail({ id }: Pick<FitHole, 'id'>, problem: string): never {
  throw new AppError({
    kind: 'invalid_argument',
    reason: 'CONFIG_INVALID',
    message: `hole ${id} ${problem}; build the dataset again with this version`,
  });
}
