import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { extractFeatures, FEATURES_VERSION } from '@repoformer/policy';
import { openCorpusIndex } from '../context/corpus-index.js';
import { contextOf, type ContextOptions, type CorpusFile } from '../context/hole-context.js';
import { fileError, readJsonl } from '../files/jsonl.js';
import { writeWhole } from '../files/write-whole.js';
import { PREFIX_CHARS, SUFFIX_CHARS, type Hole, type HoleRecord } from '../record.js';
import { HOLES, SOURCES, stemOf, stemOfFile } from './hole-files.js';
import { parseHoleRecord } from './parse-hole-record.js';
import { writeSourcePrints } from './source-prints.js';

/** A repository to take holes from. */
export interface SourceRepository {
  readonly name: string;
  /** Absolute path of a git repository. */
  readonly root: string;
  readonly commit: string;
  readonly files: readonly CorpusFile[];
}

export interface BuildOptions {
  /** The dataset's folder; holes go to `holes/` in it. */
  readonly directory: string;
  readonly context: ContextOptions;
  /** The holes are tasks as a benchmark defines them, and not mixed up with others. Part of the key. */
  readonly tasks?: 'repoeval';
  readonly signal: AbortSignal;
  /** Told how many holes have their context. */
  readonly onHole?: (done: number) => void;
}

export interface BuildResult {
  readonly holes: number;
  /** Whether the file was there already. */
  readonly known: boolean;
}

/**
 * Writes the holes of one repository, with context and features, to a file of its own. The file's name holds a
 * digest of all it depends on: what is there already is not made again, and a file is whole or not there at all.
 * Beside it stands what copies of the repository's files are found by.
 *
 * @throws AppError what indexing or the disk reports; cancelled
 */
export async function buildHoles(
  repository: SourceRepository,
  holes: readonly Hole[],
  options: BuildOptions,
): Promise<BuildResult> {
  const folder = join(options.directory, HOLES);
  const sources = join(options.directory, SOURCES);
  const stem = stemOf(repository.name);
  const own = `${stem}.${buildKey(repository, holes, options)}.jsonl`;
  const path = join(folder, own);
  try {
    await mkdir(folder, { recursive: true });
    const present = await readdir(folder);
    // Before the holes, so that none are there without it.
    if (repository.files.length > 0) await writeSourcePrints(join(sources, own), repository.files);
    if (present.includes(own) && (await holdsAll(path, holes))) return { holes: holes.length, known: true };
    const records = await withIndex(repository, holes, options);
    await writeWhole(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    // Holes of the same repository that were built otherwise give way.
    for (const name of present.filter((other) => other !== own && stemOfFile(other) === stem)) {
      await rm(join(folder, name));
      await rm(join(sources, name), { force: true });
    }
    return { holes: records.length, known: false };
  } catch (error) {
    throw error instanceof AppError ? error : fileError(folder, error);
  }
}

/** All holes of a dataset, by repository and place. @throws AppError naming the file that cannot be read */
export async function readHoles(directory: string): Promise<HoleRecord[]> {
  const folder = join(directory, HOLES);
  const names = await readdir(folder).catch(() => [] as string[]);
  const files = names.filter((name) => name.endsWith('.jsonl')).sort();
  if (files.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${directory} holds no holes; make them with \`repoformer-dataset build\``,
    });
  }
  const holes: HoleRecord[] = [];
  for (const name of files) {
    for await (const hole of readHoleFile(join(folder, name))) holes.push(hole);
  }
  return holes;
}

function readHoleFile(path: string): AsyncGenerator<HoleRecord, void, void> {
  return readJsonl(path, parseHoleRecord, { whole: true });
}

/** Whether a file is undamaged, and its holes serve what they are to serve. */
async function holdsAll(path: string, holes: readonly Hole[]): Promise<boolean> {
  let at = 0;
  try {
    for await (const { id, split } of readHoleFile(path)) {
      const hole = holes[at++];
      if (id !== hole?.id || split !== hole.split) return false;
    }
  } catch (error) {
    if (error instanceof AppError && error.kind === 'data_loss') return false;
    throw error;
  }
  return at === holes.length;
}

async function withIndex(
  repository: SourceRepository,
  holes: readonly Hole[],
  { context: wanted, signal, onHole }: BuildOptions,
): Promise<HoleRecord[]> {
  const index = await openCorpusIndex(repository.root);
  try {
    const records: HoleRecord[] = [];
    for (const hole of holes) {
      throwIfAborted(signal);
      const { words, ...context } = await contextOf(hole, index, repository.files, wanted);
      const { path, language, prefix, suffix } = hole;
      const features = extractFeatures({
        path,
        language,
        prefix,
        suffix,
        chunks: context.chunks,
        ...(words && { words }),
      });
      records.push({
        schema: 1,
        ...hole,
        prefix: endOf(prefix, PREFIX_CHARS),
        suffix: suffix.slice(0, SUFFIX_CHARS),
        context,
        features: {
          version: FEATURES_VERSION,
          hole: features.hole.map(rounded),
          chunks: features.chunks.map((row) => row.map(rounded)),
        },
      });
      onHole?.(records.length);
    }
    return records;
  } finally {
    await index.close();
  }
}

function buildKey(
  { commit }: SourceRepository,
  holes: readonly Hole[],
  { context: { withMiddleShare, randomShare }, tasks }: BuildOptions,
): string {
  const ids = holes.map(({ id }) => id);
  const key = [3, commit, ids, withMiddleShare, randomShare, FEATURES_VERSION, ...(tasks ? [tasks] : [])];
  return createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 12);
}

/** The end of a text, from a line's start. */
function endOf(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const end = text.slice(-chars);
  return end.slice(end.indexOf('\n') + 1);
}

/** Six digits say all that a feature has to say. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
