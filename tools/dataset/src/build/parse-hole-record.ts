import { invalidArgument } from '@repoformer/domain';
import { FEATURES_VERSION } from '@repoformer/policy';
import { HOLE_KINDS, SPLITS, type HoleRecord } from '../record.js';

const TEXTS = ['id', 'repository', 'path', 'language', 'prefix', 'middle', 'suffix'] as const;

/** @throws AppError invalid_argument naming the field that makes the value no hole of this version */
export function parseHoleRecord(value: unknown): HoleRecord {
  const record = value as Partial<Record<keyof HoleRecord, unknown>> | null;
  if (record?.schema !== 1) throw invalidArgument('schema', 'is not 1: this is no hole of this version');
  for (const field of TEXTS) {
    if (typeof record[field] !== 'string') throw invalidArgument(field, 'must be a text');
  }
  if (record.middle === '') throw invalidArgument('middle', 'is empty: there is nothing to complete');
  if (!(HOLE_KINDS as readonly unknown[]).includes(record.kind)) throw invalidArgument('kind', 'is unknown');
  if (!(SPLITS as readonly unknown[]).includes(record.split)) throw invalidArgument('split', 'is unknown');
  const context = record.context as Partial<HoleRecord['context']> | undefined;
  if (!Array.isArray(context?.chunks)) throw invalidArgument('context.chunks', 'must be a list');
  const features = record.features as Partial<HoleRecord['features']> | undefined;
  if (features?.version !== FEATURES_VERSION) {
    throw invalidArgument(
      'features.version',
      `is not ${FEATURES_VERSION}: build the dataset again with this version`,
    );
  }
  if (!isNumbers(features.hole) || !Array.isArray(features.chunks) || !features.chunks.every(isNumbers)) {
    throw invalidArgument('features', 'must be lists of numbers');
  }
  return value as HoleRecord;
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => Number.isFinite(each));
}
