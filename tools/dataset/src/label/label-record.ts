import { invalidArgument } from '@repoformer/domain';
import type { HoleRun, Variant } from './hole-run.js';

/** One line of a label file: what one model made of one hole. Labels of a hole are kept apart from the hole. */
export interface LabelRecord extends Omit<HoleRun, 'variants' | 'alone'> {
  readonly schema: 1;
  /** The hole's id. */
  readonly id: string;
  /** Digest of the text and context that were put to the model: of another build, labels no longer fit. */
  readonly input: string;
  readonly variants: readonly [LabelledVariant, ...LabelledVariant[]];
  readonly alone?: LabelledVariant;
}

export interface LabelledVariant extends Variant {
  /** Of the completion with the truth, 0 to 100; absent where none was written. */
  readonly editSimilarity?: number;
  readonly exactMatch?: boolean;
}

/**
 * Edit similarity with all of the context in the prompt minus abstaining, in points; undefined where completions are lacking.
 * Positive: retrieve (method: the self-supervised label).
 */
export function gainInSimilarity({ variants }: Pick<LabelRecord, 'variants'>): number | undefined {
  const without = variants[0].editSimilarity;
  const withAll = variants.at(-1)!.editSimilarity;
  return without === undefined || withAll === undefined ? undefined : withAll - without;
}

/** Mean log-likelihood of the truth per token with all of the context in the prompt minus abstaining, in nats. */
export function gainInLikelihood({ variants }: Pick<LabelRecord, 'variants'>): number {
  return variants.at(-1)!.logLikelihood - variants[0].logLikelihood;
}

/** What each further chunk adds to the truth's mean log-likelihood, in nats per token. */
export function chunkGains({ variants }: Pick<LabelRecord, 'variants'>): number[] {
  return variants.slice(1).map(({ logLikelihood }, i) => logLikelihood - variants[i]!.logLikelihood);
}

/** @throws AppError invalid_argument when the value is no label record of this version */
export function parseLabelRecord(value: unknown): LabelRecord {
  const record = value as Partial<LabelRecord> | null;
  if (record?.schema !== 1) throw invalidArgument('schema', 'is not 1: these are no labels of this version');
  if (typeof record.id !== 'string' || typeof record.input !== 'string') {
    throw invalidArgument('id', 'is lacking');
  }
  const { variants } = record;
  const isWhole =
    Array.isArray(variants) &&
    variants.length > 0 &&
    (variants as readonly LabelledVariant[]).every(({ logLikelihood }) => Number.isFinite(logLikelihood));
  if (!isWhole) throw invalidArgument('variants', 'are lacking or have no likelihood');
  return record as LabelRecord;
}
