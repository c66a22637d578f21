import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  buildHoles,
  fileError,
  PREFIX_CHARS,
  SUFFIX_CHARS,
  type HoleKind,
  type HoleRecord,
} from '@repoformer/dataset';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { extractFeatures, FEATURES_VERSION } from '@repoformer/policy';
import { writeWhole } from '@repoformer/policy-tool';
import { readTasks, type EvalTask, type TaskFormat } from '../tasks/index.js';
import { openTaskRepository } from './task-repository.js';

export interface ImportOptions {
  /** The dataset's folder. */
  readonly directory: string;
  /** Where repositories are made git repositories. */
  readonly cacheDirectory: string;
  readonly format?: TaskFormat;
  readonly kind?: HoleKind;
  /** The folder that holds the data set's repositories, one folder each. */
  readonly repositoriesRoot?: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: {
    readonly done: number;
    readonly total: number;
    readonly name: string;
  }) => void;
}

export interface ImportResult {
  readonly holes: number;
  readonly repositories: number;
  /** Holes with the data set's own context, with the product's, and with none. */
  readonly given: number;
  readonly retrieved: number;
  readonly without: number;
}

/** The names of files of given context; no repository's own file begins like this. */
const GIVEN = 'given_';

/**
 * Makes a dataset of published tasks: with the context that came with them, else with what the product's retriever
 * finds in their repository. The holes of a repository are one file, whole or not there, and are not made again; those
 * of a former import of the same repository give way, so files that belong together are to be imported together.
 *
 * @throws AppError invalid_argument naming file, line and field of a bad record; failed_precondition when no task has
 * a context or a repository
 */
export async function importTasks(files: readonly string[], options: ImportOptions): Promise<ImportResult> {
  const { directory, cacheDirectory, signal, onProgress } = options;
  const byRepository = await groupTasks(files, options);
  const result = { holes: 0, repositories: byRepository.size, given: 0, retrieved: 0, without: 0 };
  let done = 0;
  for (const [name, tasks] of byRepository) {
    throwIfAborted(signal);
    onProgress?.({ done: done++, total: byRepository.size, name });
    const searched = tasks.filter(({ context, repositoryRoot }) => !context && repositoryRoot !== undefined);
    const others = tasks.filter(({ context, repositoryRoot }) => context || repositoryRoot === undefined);
    await writeGiven(name, others, directory);
    if (searched.length === 0) await removeHoles(directory, `${builtName(name)}.`);
    else {
      const root = searched[0]!.repositoryRoot!;
      const repository = await openTaskRepository(name, root, cacheDirectory, signal);
      const context = { withMiddleShare: 0, randomShare: 0 };
      const holes = searched.map(({ hole }) => hole);
      await buildHoles(repository, holes, { directory, context, signal });
    }
    const given = others.filter(({ context }) => context).length;
    result.holes += tasks.length;
    result.given += given;
    result.retrieved += searched.length;
    result.without += others.length - given;
  }
  return result;
}

/** By repository, each hole once, in one order whatever the order of the files. */
async function groupTasks(
  files: readonly string[],
  { format, kind, repositoriesRoot, signal }: ImportOptions,
): Promise<Map<string, EvalTask[]>> {
  const tasks = new Map<string, EvalTask>();
  for (const file of files) {
    const options = {
      ...(format && { format }),
      ...(kind && { kind }),
      ...(repositoriesRoot !== undefined && { repositoriesRoot }),
      signal,
    };
    for await (const task of readTasks(file, options)) tasks.set(task.hole.id, task);
  }
  const all = [...tasks.values()].sort((a, b) => (a.hole.id < b.hole.id ? -1 : 1));
  if (all.every(({ context, repositoryRoot }) => !context && repositoryRoot === undefined)) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message:
        'these tasks bring no context of their own: name the folder that holds the data set’s repositories with --repositories',
    });
  }
  const groups = new Map<string, EvalTask[]>();
  for (const task of all) {
    const { repository } = task.hole;
    const group = groups.get(repository);
    if (group) group.push(task);
    else groups.set(repository, [task]);
  }
  return groups;
}

/** Tasks whose context is known, in a file of their own, in place of the one of a former import. */
async function writeGiven(name: string, tasks: readonly EvalTask[], directory: string): Promise<void> {
  const base = `${GIVEN}${builtName(name)}`;
  if (tasks.length === 0) return removeHoles(directory, `${base}.`);
  const text = tasks.map((task) => `${JSON.stringify(recordOf(task))}\n`).join('');
  const file = `${base}.${createHash('sha256').update(text).digest('hex').slice(0, 12)}.jsonl`;
  await writeWhole(join(directory, 'holes', file), text);
  await removeHoles(directory, `${base}.`, file);
}

/** How `buildHoles` names the file of a repository, up to the key. */
function builtName(name: string): string {
  return name.replace(/[^\w.@-]+/g, '_');
}

/** Removes hole files by the beginning of their names, but for one. */
async function removeHoles(directory: string, beginning: string, kept?: string): Promise<void> {
  const folder = join(directory, 'holes');
  const names = await readdir(folder).catch(() => [] as string[]);
  try {
    for (const name of names) {
      if (name.startsWith(beginning) && name.endsWith('.jsonl') && name !== kept)
        await rm(join(folder, name));
    }
  } catch (error) {
    throw fileError(folder, error);
  }
}

/** As `buildHoles` writes them; how common words are is not known of a repository that is not there. */
function recordOf({ hole, context }: EvalTask): HoleRecord {
  const { path, language, prefix, suffix } = hole;
  const chunks = context?.chunks ?? [];
  const features = extractFeatures({ path, language, prefix, suffix, chunks });
  const rounded = (values: readonly number[]) => values.map((value) => Number(value.toPrecision(6)));
  const end = prefix.slice(-PREFIX_CHARS);
  return {
    schema: 1,
    ...hole,
    prefix: end.length < prefix.length ? end.slice(end.indexOf('\n') + 1) : end,
    suffix: suffix.slice(0, SUFFIX_CHARS),
    context: { source: 'retrieved', queriedWithMiddle: false, chunks, retrieveMs: 0 },
    features: {
      version: FEATURES_VERSION,
      hole: rounded(features.hole),
      chunks: features.chunks.map(rounded),
    },
  };
}
