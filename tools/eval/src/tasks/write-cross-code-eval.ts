import { join } from 'node:path';
import type { Hole, HoleKind } from '@repoformer/dataset';
import { lineCommentOf, throwIfAborted, type Chunk } from '@repoformer/domain';
import { FOUND_IN } from './given-context.js';
import { writeLines } from './write-lines.js';
import { folderOf } from './write-repo-eval.js';

/** What the files are called: readers tell the kind of hole from that. */
const NAME_OF: Readonly<Record<HoleKind, CrossCodeEvalLevel>> = {
  line_rest: 'line',
  line: 'line',
  call: 'api',
  chunk: 'chunk',
  function: 'function',
};
const LEVELS = ['line', 'api', 'chunk', 'function'] as const;
type CrossCodeEvalLevel = (typeof LEVELS)[number];

/** What comes before all chunks of a context text. */
const HEADER = 'Here are some relevant code fragments from other files of the repo:';

/** A hole with the context that goes with it. */
export interface ContextualHole {
  readonly hole: Hole;
  /** Best first. */
  readonly chunks: readonly Chunk[];
}

/** One line of a CrossCodeEval file. */
export interface CrossCodeEvalRecord {
  readonly prompt: string;
  readonly groundtruth: string;
  readonly right_context: string;
  readonly metadata: {
    readonly task_id: string;
    readonly repository: string;
    readonly file: string;
    readonly context_start_lineno: number;
    readonly groundtruth_start_lineno: number;
    readonly right_context_start_lineno: number;
  };
  readonly crossfile_context: {
    readonly text: string;
    readonly list: readonly { retrieved_chunk: string; filename: string; score: number }[];
  };
}

/** @param index the task's number in its repository, from 0 */
export function crossCodeEvalRecord({ hole, chunks }: ContextualHole, index: number): CrossCodeEvalRecord {
  const { prefix, middle, suffix, path, language } = hole;
  const repository = folderOf(hole.repository);
  const linesBefore = (text: string) => text.split('\n').length - 1;
  return {
    prompt: prefix,
    groundtruth: middle,
    right_context: suffix,
    metadata: {
      task_id: `${repository}/${index}`,
      repository,
      file: path,
      context_start_lineno: 0,
      groundtruth_start_lineno: linesBefore(prefix),
      right_context_start_lineno: linesBefore(prefix + middle),
    },
    crossfile_context: {
      text: contextText(chunks, language),
      list: chunks.map(({ text, path: filename, score }) => ({ retrieved_chunk: text, filename, score })),
    },
  };
}

/**
 * Writes holes as CrossCodeEval tasks with their context, one file for each kind of task. A file appears under its name
 * only when it is whole.
 *
 * @returns how many tasks of each kind
 * @throws AppError cancelled; failed_precondition when the directory cannot be written
 */
export async function writeCrossCodeEvalTasks(
  directory: string,
  holes: Iterable<ContextualHole>,
  signal?: AbortSignal,
): Promise<Readonly<Record<CrossCodeEvalLevel, number>>> {
  const lines: Record<CrossCodeEvalLevel, string[]> = { line: [], api: [], chunk: [], function: [] };
  const numbers = new Map<string, number>();
  for (const each of holes) {
    throwIfAborted(signal);
    const level = NAME_OF[each.hole.kind];
    const key = `${level}:${folderOf(each.hole.repository)}`;
    const index = numbers.get(key) ?? 0;
    numbers.set(key, index + 1);
    lines[level].push(`${JSON.stringify(crossCodeEvalRecord(each, index))}\n`);
  }
  for (const level of LEVELS) {
    if (lines[level].length === 0) continue;
    await writeLines(join(directory, `${level}_completion.jsonl`), lines[level], signal);
  }
  return {
    line: lines.line.length,
    api: lines.api.length,
    chunk: lines.chunk.length,
    function: lines.function.length,
  };
}

function contextText(chunks: readonly Chunk[], language: string): string {
  if (chunks.length === 0) return '';
  const comment = lineCommentOf(language);
  const commented = (text: string) => text.split('\n').map((line) => `${comment} ${line}\n`);
  return [
    `${comment} ${HEADER}\n\n`,
    ...chunks.flatMap(({ path, text }) => [
      `${comment} ${FOUND_IN}\n${comment} ${path}\n`,
      ...commented(text),
      '\n',
    ]),
  ].join('');
}
