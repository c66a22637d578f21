import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  fileError,
  type CorpusRepository,
  type CorpusText,
  type Hole,
  type HoleRecord,
} from '@repoformer/dataset';
import { invalidArgument, throwIfAborted } from '@repoformer/domain';
import { restoreHole } from '../collect/restore-hole.js';
import { folderOf, writeCrossCodeEvalTasks, writeRepoEvalTasks, type TaskFormat } from '../tasks/index.js';

export interface ExportOptions {
  /** The folder that the tasks and `repositories/` go to. */
  readonly directory: string;
  readonly format: TaskFormat;
  /** Those of the dataset that are at hand. */
  readonly repositories: readonly CorpusRepository[];
  readonly readTexts: (repository: CorpusRepository) => Promise<readonly CorpusText[]>;
  readonly signal: AbortSignal;
}

export interface ExportResult {
  /** How many tasks there are of each kind. */
  readonly tasks: Readonly<Record<string, number>>;
  /** Holes that the format has no place for. */
  readonly skipped: number;
  /** Tasks that hold all of their file, which is below `repositories/`. */
  readonly placed: number;
}

/**
 * Writes holes in a published format: RepoEval's, which has lines, calls and functions and no context, or
 * CrossCodeEval's, which has all kinds, and their context. Of a repository at hand, the sources are written below
 * `repositories/`, and its tasks hold all of the file before the truth; others hold what the dataset has of it, and
 * count lines from there.
 *
 * @throws AppError invalid_argument when two repositories would share a folder; cancelled; what the disk reports
 */
export async function exportTasks(
  records: readonly HoleRecord[],
  { directory, format, repositories, readTexts, signal }: ExportOptions,
): Promise<ExportResult> {
  checkFolders(records);
  const whole = new Map<string, Hole>();
  for (const repository of repositories) {
    throwIfAborted(signal);
    const texts = await readTexts(repository);
    await writeSources(join(directory, 'repositories', folderOf(repository.name)), texts);
    const byPath = new Map(texts.map(({ path, text }) => [path, text]));
    for (const record of records) {
      if (record.repository !== repository.name) continue;
      const hole = restoreHole(record, byPath.get(record.path) ?? '');
      if (hole) whole.set(hole.id, hole);
    }
  }
  const placed = whole.size;
  const holes = records.map((record) => ({
    hole: whole.get(record.id) ?? record,
    chunks: record.context.chunks,
  }));
  if (format === 'crosscodeeval') {
    return { tasks: await writeCrossCodeEvalTasks(directory, holes, signal), skipped: 0, placed };
  }
  const written = await writeRepoEvalTasks(
    directory,
    holes.map(({ hole }) => hole),
    signal,
  );
  const { skipped, ...tasks } = written;
  return { tasks, skipped, placed };
}

/** The formats name a repository by its folder. */
function checkFolders(records: readonly HoleRecord[]): void {
  const names = new Map<string, string>();
  for (const { repository } of records) {
    const folder = folderOf(repository);
    const other = names.get(folder) ?? repository;
    if (other !== repository) {
      throw invalidArgument('dataset', `${other} and ${repository} would share the folder ${folder}`);
    }
    names.set(folder, repository);
  }
}

async function writeSources(folder: string, texts: readonly CorpusText[]): Promise<void> {
  for (const { path, text } of texts) {
    const file = join(folder, path);
    try {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    } catch (error) {
      throw fileError(file, error);
    }
  }
}
