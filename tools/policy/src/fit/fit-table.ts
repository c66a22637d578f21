import { AppError } from '@repoformer/domain';
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

/** What a policy is fitted on. */
export interface FitTable {
  readonly holes: readonly FitHole[];
  /** Whose log-probabilities the read-outs hold, in their order; needed for a read-out. */
  readonly readoutTokens?: readonly number[];
  /** Most chunks in the prompts that `gainEs` and `gainLogLikelihood` are about. Default {@link MAX_CHUNKS}. */
  readonly contextChunks?: number;
}

/** @throws AppError invalid_argument when a hole has not this version's features or a number is not finite */
export function checkTable({ holes, readoutTokens }: FitTable): void {
  const ids = new Set<string>();
  for (const hole of holes) {
    const fail = (problem: string): never => {
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'CONFIG_INVALID',
        message: `hole ${hole.id} ${problem}; build the dataset again with this version`,
      });
    };
    if (ids.has(hole.id)) fail('is there twice');
    ids.add(hole.id);
    const isRow = (row: readonly number[], length: number) =>
      row.length === length && row.every(Number.isFinite);
    if (!isRow(hole.holeFeatures, HOLE_FEATURES.length))
      fail(`has not ${HOLE_FEATURES.length} finite features`);
    if (
      hole.chunkFeatures.length > MAX_CHUNKS ||
      !hole.chunkFeatures.every((row) => isRow(row, CHUNK_FEATURES.length))
    ) {
      fail(`has not at most ${MAX_CHUNKS} rows of ${CHUNK_FEATURES.length} finite chunk features`);
    }
    if (![hole.gainEs, hole.gainLogLikelihood, ...hole.chunkGains].every(Number.isFinite)) {
      fail('has a gain that is not finite');
    }
    for (const readout of Object.values(hole.probe?.readouts ?? {})) {
      if (!readout.every(Number.isFinite)) fail('has a log-probability that is not finite');
      if (readout.length !== readoutTokens?.length)
        fail('has a read-out of another length than the list of tokens');
    }
  }
}
