import { basename } from 'node:path';
import type { HoleKind } from '@repoformer/dataset';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { isCrossCodeEval, parseCrossCodeEval } from './cross-code-eval.js';
import { TASK_FORMATS, type EvalTask, type TaskFormat } from './eval-task.js';
import { readJsonLines } from './json-lines.js';
import { isRepoEval, parseRepoEval } from './repo-eval.js';
import { taskFileError } from './task-file-error.js';
import { TaskRecord } from './task-record.js';

export interface ReadTasksOptions {
  /** Default: told from the first record. */
  readonly format?: TaskFormat;
  /** What the holes are. Default: told from a `function_name` in the record, else from the file's name. */
  readonly kind?: HoleKind;
  /**
   * The folder that holds the data set's repositories, one folder each. RepoEval's tasks get their whole file from it
   * and must be there; of CrossCodeEval's, those that are there can be searched.
   */
  readonly repositoriesRoot?: string;
  readonly signal?: AbortSignal;
}

/**
 * The tasks of a published data set, one record at a time.
 *
 * @throws AppError not_found, permission_denied; invalid_argument that names file, line and field when a record is bad,
 * the file is empty or cut off, or it is of no known format.
 */
export async function* readTasks(
  file: string,
  options: ReadTasksOptions = {},
): AsyncGenerator<EvalTask, void, void> {
  let format = options.format;
  for await (const { line, value } of readJsonLines(file, options.signal)) {
    throwIfAborted(options.signal);
    const record = new TaskRecord(file, line, value);
    format ??= detectFormat(record);
    const kind = options.kind ?? kindOf(record);
    const parse = format === 'repoeval' ? parseRepoEval : parseCrossCodeEval;
    yield await parse(record, kind, options.repositoriesRoot);
  }
}

/** The format of a file of tasks, from its first record. */
export async function detectTaskFormat(file: string): Promise<TaskFormat> {
  for await (const { line, value } of readJsonLines(file))
    return detectFormat(new TaskRecord(file, line, value));
  throw new AppError({ kind: 'internal', reason: 'INTERNAL', message: 'an empty file went unnoticed' });
}

function detectFormat(record: TaskRecord): TaskFormat {
  if (isRepoEval(record)) return 'repoeval';
  if (isCrossCodeEval(record)) return 'crosscodeeval';
  throw taskFileError(
    record,
    `this is no record of ${TASK_FORMATS.join(' or ')}: it has neither metadata.ground_truth and ` +
      'metadata.fpath_tuple, nor groundtruth and metadata.task_id.',
  );
}

/** The published names: `line_level…`, `api_level…`, `function_level…`, `line_completion…`, `…chunk_completion…`. */
const KINDS_BY_NAME: readonly (readonly [RegExp, HoleKind])[] = [
  [/function/, 'function'],
  [/chunk/, 'chunk'],
  [/api/, 'call'],
  [/line/, 'line'],
];

function kindOf(record: TaskRecord): HoleKind {
  if (record.has('metadata.function_name')) return 'function';
  const name = basename(record.file).toLowerCase();
  const found = KINDS_BY_NAME.find(([pattern]) => pattern.test(name));
  if (found !== undefined) return found[1];
  throw taskFileError(
    { file: record.file },
    'the name does not say whether these are line, api, chunk or function tasks; name their kind.',
  );
}
