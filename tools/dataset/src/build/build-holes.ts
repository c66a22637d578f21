import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { extractFeatures, FEATURES_VERSION } from '@repoformer/policy';
import { openCorpusIndex } from '../context/corpus-index.js';
import { contextOf, type ContextOptions, type CorpusFile } from '../context/hole-context.js';
import { fileError, readJsonl } from '../files/jsonl.js';
import { writeWhole } from '../files/write-whole.js';
import { PREFIX_CHARS, SUFFIX_CHARS, type Hole, type HoleRecord } from '../record.js';
import { parseHoleRecord } from './parse-hole-record.js';

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
  readonly signal: AbortSignal;
}

export interface BuildResult {
  readonly holes: number;
  /** Whether the file was there already. */
  readonly known: boolean;
}

/**
 * Writes the holes of one repository, with context and features, to a file of its own. The file's name holds a
 * digest of all it depends on: what is there already is not made again, and a file is whole or not there at all.
 *
 * @param sample gives the repository's holes, always the same ones
 */
export async function buildHoles(
  repository: SourceRepository,
  holes: readonly Hole[],
  { directory, context, signal }: BuildOptions,
): Promise<BuildResult> {
  const folder = join(directory, 'holes');
  const safeName = repository.name.replace(/[^\w.@-]+/g, '_');
  const path = join(folder, `${safeName}.${buildKey(repository, holes, context)}.jsonl`);
  try {
    await mkdir(folder, { recursive: true });
    const present = await readdir(folder);
    const own = basename(path);
    if (present.includes(own) && (await holdsAll(path, holes))) return { holes: holes.length, known: true };
    const records = await withIndex(repository, holes, context, signal);
    await writeWhole(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    // Holes of the same repository that were built otherwise give way.
    const isFormer = (name: string) =>
      name !== own && name.startsWith(`${safeName}.`) && name.endsWith('.jsonl');
    for (const name of present.filter(isFormer)) await rm(join(folder, name));
    return { holes: records.length, known: false };
  } catch (error) {
    throw error instanceof AppError ? error : fileError(folder, error);
  }
}

/** All holes of a dataset, by repository and place. @throws AppError naming the file that cannot be read */
export async function readHoles(directory: string): Promise<HoleRecord[]> {
  const folder = join(directory, 'holes');
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

/** Whether a file is undamaged. */
async function holdsAll(path: string, holes: readonly Hole[]): Promise<boolean> {
  let at = 0;
  try {
    for await (const { id } of readHoleFile(path)) if (id !== holes[at++]?.id) return false;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'data_loss') return false;
    throw error;
  }
  return at === holes.length;
}

async function withIndex(
  repository: SourceRepository,
  holes: readonly Hole[],
  options: ContextOptions,
  signal: AbortSignal,
): Promise<HoleRecord[]> {
  const index = await openCorpusIndex(repository.root);
  try {
    const records: HoleRecord[] = [];
    for (const hole of holes) {
      throwIfAborted(signal);
      const { words, ...context } = await contextOf(hole, index, repository.files, options);
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
    }
    return records;
  } finally {
    await index.close();
  }
}

function buildKey(
  { commit }: SourceRepository,
  holes: readonly Hole[],
  { withMiddleShare, randomShare }: ContextOptions,
): string {
  const ids = holes.map(({ id }) => id);
  return createHash('sha256')
    .update(JSON.stringify([3, commit, ids, withMiddleShare, randomShare, FEATURES_VERSION]))
    .digest('hex')
    .slice(0, 12);
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
