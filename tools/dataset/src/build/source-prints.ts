import { AppError, invalidArgument } from '@repoformer/domain';
import type { CorpusFile } from '../context/hole-context.js';
import { fingerprintOf } from '../corpus/duplicates/duplicate-index.js';
import { contentHash, shingleSet } from '../corpus/duplicates/shingles.js';
import type { RepositoryPrint } from '../corpus/index.js';
import { readJsonl } from '../files/jsonl.js';
import { writeChanged } from '../files/write-whole.js';

/** One line of a dataset's `sources/`: what a file is compared by when the file itself is not at hand. */
interface SourceRecord {
  readonly schema: 1;
  readonly path: string;
  /** As by `contentHash`. */
  readonly hash: string;
  /** As by `shingleSet`: base64 of 32-bit integers, little-endian. */
  readonly shingles: string;
}

/** Records what copies of a repository's files are found by. */
export async function writeSourcePrints(path: string, files: readonly CorpusFile[]): Promise<void> {
  const lines = files.map((file) => {
    const shingles = Buffer.from(shingleSet(file.text).buffer).toString('base64');
    const record: SourceRecord = { schema: 1, path: file.path, hash: contentHash(file.text), shingles };
    return `${JSON.stringify(record)}\n`;
  });
  await writeChanged(path, lines.join(''));
}

/** @returns undefined when nothing was recorded. @throws AppError data_loss naming file and line */
export async function readSourcePrints(path: string): Promise<RepositoryPrint['files'] | undefined> {
  const files = [];
  try {
    for await (const file of readJsonl(path, parseSourceRecord, { whole: true })) files.push(file);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return undefined;
    throw error;
  }
  return files;
}

function parseSourceRecord(value: unknown): RepositoryPrint['files'][number] {
  const record = value as Partial<SourceRecord> | null;
  if (record?.schema !== 1) throw invalidArgument('schema', 'is not 1: this is no source of this version');
  const { path, hash, shingles } = record;
  if (typeof path !== 'string' || typeof hash !== 'string' || typeof shingles !== 'string') {
    throw invalidArgument('path', 'is lacking, or hash or shingles are');
  }
  const bytes = Uint8Array.from(Buffer.from(shingles, 'base64'));
  return { path, print: fingerprintOf(hash, new Uint32Array(bytes.buffer, 0, bytes.length >> 2)) };
}
