import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { HoleKind } from '@repoformer/dataset';
import { createHole } from './create-hole.js';
import type { EvalTask } from './eval-task.js';
import { isSafePath, realPathInside } from './safe-path.js';
import type { TaskRecord } from './task-record.js';
import { isBlank, lineStarts, normalizeLineEnds } from './text-lines.js';

const MAX_FILE_BYTES = 16 * 2 ** 20;

/** Whether a record has RepoEval's fields. */
export function isRepoEval(record: TaskRecord): boolean {
  return record.has('metadata.ground_truth') && record.has('metadata.fpath_tuple');
}

/**
 * A task of RepoEval (Zhang et al., EMNLP 2023; `*_level*.test.jsonl`): `prompt` (the lines before the truth, trimmed on
 * the left) and `metadata` with `task_id`, `ground_truth` (whole lines with their indentation), `fpath_tuple` (the
 * repository's folder, then the path), `context_start_lineno` and `line_no` (`lineno` in function tasks), the
 * truth's first line from 0.
 *
 * With the repositories, prefix and suffix are the whole file's, and the truth must stand where the record says. Without
 * them, the prefix is the prompt, and there is no suffix.
 */
export async function parseRepoEval(
  record: TaskRecord,
  kind: HoleKind,
  repositoriesRoot: string | undefined,
): Promise<EvalTask> {
  const truth = normalizeLineEnds(record.text('metadata.ground_truth'));
  if (isBlank(truth)) record.fail('metadata.ground_truth', 'has nothing but white space');
  const taskId = record.text('metadata.task_id');
  const prompt = normalizeLineEnds(record.text('prompt'));
  const [folder = '', ...rest] = record.texts('metadata.fpath_tuple');
  const path = rest.join('/');
  if (rest.some((part) => part.includes('/')) || !isSafePath(`${folder}/${path}`)) {
    record.fail('metadata.fpath_tuple', 'must be the repository’s folder and the names of a path inside it');
  }
  const hole = { repository: `repoeval:${folder}`, path, kind, middle: truth };
  if (repositoriesRoot === undefined) {
    return { taskId, hole: createHole({ ...hole, prefix: prompt === '' ? '' : `${prompt}\n`, suffix: '' }) };
  }
  const repositoryRoot = resolve(join(repositoriesRoot, folder));
  const content = await readSource(record, repositoryRoot, path);
  const start = findTruth(record, content, prompt, truth);
  // Published truths end with a line end even where the file itself has none at its end.
  const middle = content.startsWith(truth, start) ? truth : truth.replace(/\n$/, '');
  return {
    taskId,
    repositoryRoot,
    hole: createHole({
      ...hole,
      middle,
      prefix: content.slice(0, start),
      suffix: content.slice(start + middle.length),
    }),
  };
}

async function readSource(record: TaskRecord, root: string, path: string): Promise<string> {
  const field = 'metadata.fpath_tuple';
  const file = await realPathInside(root, path);
  if (file === undefined) return record.fail(field, `names a file that is not under ${root}`);
  if ((await stat(file)).size > MAX_FILE_BYTES) record.fail(field, 'names a file larger than 16 MiB');
  return normalizeLineEnds((await readFile(file, 'utf8')).replace(/^\ufeff/, ''));
}

function findTruth(record: TaskRecord, content: string, prompt: string, truth: string): number {
  const field = record.has('metadata.line_no') ? 'metadata.line_no' : 'metadata.lineno';
  if (!record.has(field)) {
    // A few published tasks say no line; their prompt does, when it stands in the file once.
    const before = prompt === '' ? '' : `${prompt}\n`;
    const at = content.indexOf(before + truth);
    if (at === -1 || content.includes(before + truth, at + 1)) {
      record.fail(field, 'is not given, and prompt and truth together do not stand in the file exactly once');
    }
    return at + before.length;
  }
  const start = lineStarts(content)[record.index(field)];
  if (start === undefined) return record.fail(field, 'is beyond the end of the file');
  if (!`${content}\n`.startsWith(truth, start)) {
    record.fail(
      field,
      'is not where the truth stands in the file; are these the repositories of this data set?',
    );
  }
  return start;
}
