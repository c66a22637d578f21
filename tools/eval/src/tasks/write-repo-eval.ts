import { join } from 'node:path';
import type { Hole, HoleKind } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { isBlank, lineStarts, normalizeLineEnds } from './text-lines.js';
import { writeLines } from './write-lines.js';

/** RepoEval's levels; line rests and chunks have none. */
export const REPO_EVAL_LEVELS = ['line', 'api', 'function'] as const;
export type RepoEvalLevel = (typeof REPO_EVAL_LEVELS)[number];

const LEVEL_OF: Readonly<Partial<Record<HoleKind, RepoEvalLevel>>> = {
  line: 'line',
  call: 'api',
  function: 'function',
};

/** One line of a RepoEval file. */
export interface RepoEvalRecord {
  readonly prompt: string;
  readonly metadata: {
    readonly task_id: string;
    readonly ground_truth: string;
    readonly fpath_tuple: readonly string[];
    readonly context_start_lineno: number;
    readonly line_no: number;
    /** What RepoEval's own function files call `line_no`. */
    readonly lineno?: number;
  };
}

/** How many tasks each level got, and how many holes the format has no place for. */
export type WrittenTasks = Readonly<Record<RepoEvalLevel | 'skipped', number>>;

/**
 * A hole as a RepoEval record; undefined for a line rest or a chunk. The truth of RepoEval is whole lines: a call in the
 * middle of a line is widened to the lines it stands on, as RepoEval's own API tasks are. The prompt is all
 * of the file before, not trimmed.
 *
 * @param index the task's number in its repository, from 0
 */
export function repoEvalRecord(hole: Hole, index: number): RepoEvalRecord | undefined {
  const level = LEVEL_OF[hole.kind];
  if (level === undefined) return undefined;
  const prefix = normalizeLineEnds(hole.prefix);
  const suffix = normalizeLineEnds(hole.suffix);
  const start = prefix.lastIndexOf('\n') + 1;
  if (level !== 'api' && !isBlank(prefix.slice(start))) return undefined;
  const end = suffix.indexOf('\n');
  const tail = end === -1 ? suffix : suffix.slice(0, end);
  const truth = prefix.slice(start) + normalizeLineEnds(hole.middle) + tail;
  const before = prefix.slice(0, start);
  const folder = folderOf(hole.repository);
  const lineNumber = lineStarts(before).length;
  return {
    prompt: before.replace(/\n$/, ''),
    metadata: {
      task_id: `${folder}/${index}`,
      // Function truths end with a line end in the published files; the others do not.
      ground_truth: level === 'function' ? `${truth}\n` : truth,
      fpath_tuple: [folder, ...hole.path.split('/')],
      context_start_lineno: 0,
      line_no: lineNumber,
      ...(level === 'function' ? { lineno: lineNumber } : {}),
    },
  };
}

/** The folder RepoEval expects a repository of this name in. */
export function folderOf(repository: string): string {
  return repository.replace(/[^A-Za-z0-9._@-]+/g, '_').replace(/^\.+/, '_');
}

/** The name of a level's file, as RepoEval's are called. */
export function repoEvalFileName(level: RepoEvalLevel): string {
  return `${level}_level_completion.test.jsonl`;
}

/**
 * Writes holes as RepoEval tasks, one file a level ({@link repoEvalFileName}). A file appears under its name only when it
 * is whole; a level without tasks gets none.
 *
 * @throws AppError cancelled; failed_precondition when the directory cannot be written (a full disk, for example).
 */
export async function writeRepoEvalTasks(
  directory: string,
  holes: Iterable<Hole> | AsyncIterable<Hole>,
  signal?: AbortSignal,
): Promise<WrittenTasks> {
  const written = { line: 0, api: 0, function: 0, skipped: 0 };
  const numbers = new Map<string, number>();
  const lines: Record<RepoEvalLevel, string[]> = { line: [], api: [], function: [] };
  for await (const hole of holes) {
    throwIfAborted(signal);
    const level = LEVEL_OF[hole.kind];
    const key = `${level}:${folderOf(hole.repository)}`;
    const index = numbers.get(key) ?? 0;
    const record = repoEvalRecord(hole, index);
    if (level === undefined || record === undefined) {
      written.skipped++;
      continue;
    }
    numbers.set(key, index + 1);
    written[level]++;
    lines[level].push(`${JSON.stringify(record)}\n`);
  }
  for (const level of REPO_EVAL_LEVELS) {
    if (lines[level].length > 0)
      await writeLines(join(directory, repoEvalFileName(level)), lines[level], signal);
  }
  return written;
}
