import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HoleKind } from '@repoformer/dataset';
import { createHole } from './create-hole.js';
import type { EvalTask } from './eval-task.js';
import { readGivenContext } from './given-context.js';
import { isSafePath } from './safe-path.js';
import type { TaskRecord } from './task-record.js';
import { isBlank } from './text-lines.js';

/** Whether a record has CrossCodeEval's fields. */
export function isCrossCodeEval(record: TaskRecord): boolean {
  return record.has('groundtruth') && record.has('metadata.task_id');
}

/**
 * A task of CrossCodeEval (Ding et al., NeurIPS 2023; `line_completion*.jsonl`): `prompt`, `groundtruth`, `right_context`
 * (absent in the first release), `metadata` with `task_id`, `repository`, `file`, and `crossfile_context` with `text`
 * and `list` of `{retrieved_chunk, filename, score}`.
 *
 * Of the same shape: CrossCodeLongEval and the other files of Repoformer (Wu et al., ICML 2024), which name the file in
 * `metadata.filepath` or `metadata.filename`, behind the repository's folder, and whose `crossfile_context` is a text.
 */
export async function parseCrossCodeEval(
  record: TaskRecord,
  kind: HoleKind,
  repositoriesRoot: string | undefined,
): Promise<EvalTask> {
  const taskId = record.text('metadata.task_id');
  const middle = record.text('groundtruth');
  if (isBlank(middle)) record.fail('groundtruth', 'has nothing but white space');
  const { repository, path } = placeOf(record);
  const context = readGivenContext(record);
  const repositoryRoot = await folderUnder(repositoriesRoot, repository);
  return {
    taskId,
    ...(context === undefined ? {} : { context }),
    ...(repositoryRoot === undefined ? {} : { repositoryRoot }),
    hole: createHole({
      repository: `crosscodeeval:${repository}`,
      path,
      kind,
      prefix: record.text('prompt'),
      middle,
      suffix: record.optionalText('right_context') ?? '',
    }),
  };
}

function placeOf(record: TaskRecord): { repository: string; path: string } {
  if (record.has('metadata.file')) {
    const repository = record.text('metadata.repository');
    const path = record.text('metadata.file');
    if (!isSafePath(path)) record.fail('metadata.file', 'must be a path inside the repository');
    return { repository, path };
  }
  const field = ['metadata.filepath', 'metadata.filename'].find((name) => record.has(name));
  if (field === undefined) return record.failKind('metadata.file', 'a text', undefined);
  const whole = record.text(field);
  const [repository = '', ...rest] = whole.split('/');
  if (rest.length === 0 || !isSafePath(whole)) {
    record.fail(field, 'must be the repository’s folder and a path inside it');
  }
  return { repository, path: rest.join('/') };
}

async function folderUnder(root: string | undefined, name: string): Promise<string | undefined> {
  if (root === undefined || !isSafePath(name)) return undefined;
  const folder = resolve(join(root, name));
  const found = await stat(folder).catch(() => undefined);
  return found?.isDirectory() === true ? folder : undefined;
}
