import type { Chunk } from '@repoformer/domain';
import type { GivenContext } from './eval-task.js';
import { isObject, type TaskRecord } from './task-record.js';

const FIELD = 'crossfile_context';

/** What comes before each chunk in the published context texts, after the comment mark. */
export const FOUND_IN = 'the below code fragment can be found in:';

/**
 * The context that came with a task: a record `{text, list}` in CrossCodeEval (empty where nothing was found), a text alone
 * in CrossCodeLongEval and in Repoformer's files.
 */
export function readGivenContext(record: TaskRecord): GivenContext | undefined {
  const value = record.value(FIELD);
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return { chunks: parseContextText(value), text: value };
  if (!isObject(value)) return record.failKind(FIELD, 'a text or a record', value);
  const text = record.optionalText(`${FIELD}.text`);
  if (!record.has(`${FIELD}.list`)) {
    return text === undefined || text === '' ? undefined : { chunks: parseContextText(text), text };
  }
  const chunks = record.list(`${FIELD}.list`).map((one, index): Chunk => {
    const field = `${FIELD}.list[${index}]`;
    if (!isObject(one)) return record.failKind(field, 'a record', one);
    const { retrieved_chunk: chunk, filename, score } = one;
    if (typeof chunk !== 'string') return record.failKind(`${field}.retrieved_chunk`, 'a text', chunk);
    if (typeof filename !== 'string') return record.failKind(`${field}.filename`, 'a text', filename);
    // Without a ranking, the published score is null.
    const known = score === undefined || score === null ? 0 : score;
    if (typeof known !== 'number') return record.failKind(`${field}.score`, 'a number', score);
    return chunkOf(filename, chunk, known);
  });
  return { chunks, ...(text === undefined ? {} : { text }) };
}

/** The chunks of a published context text; nothing is left of their scores. */
export function parseContextText(text: string): Chunk[] {
  const lines = text.split('\n');
  const chunks: Chunk[] = [];
  for (let at = 0; at < lines.length; at++) {
    const mark = /^(#|\/\/) (.*)$/.exec(lines[at] as string);
    if (mark?.[2] !== FOUND_IN) continue;
    const comment = `${mark[1]} `;
    const path = lines[++at] ?? '';
    if (!path.startsWith(comment)) continue;
    const code: string[] = [];
    // Each chunk ends with an empty line; the code's own lines all carry the comment mark.
    while (lines[at + 1]?.startsWith(comment) === true)
      code.push((lines[++at] as string).slice(comment.length));
    chunks.push(chunkOf(path.slice(comment.length), code.join('\n'), 0));
  }
  return chunks;
}

function chunkOf(path: string, code: string, score: number): Chunk {
  const text = code.replace(/\n+$/, '');
  return { path, startLine: 0, endLine: text === '' ? 0 : text.split('\n').length, score, text };
}
