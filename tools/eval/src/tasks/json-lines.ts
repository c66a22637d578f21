import { open, type FileHandle } from 'node:fs/promises';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { taskFileError } from './task-file-error.js';

/** A record of the published sets holds one file at most; beyond this, a file has no lines or is something else. */
const MAX_LINE_BYTES = 64 * 2 ** 20;
const NEWLINE = 0x0a;

export interface JsonLine {
  /** From 1. */
  readonly line: number;
  readonly value: unknown;
}

/**
 * The JSON values of a file, one a line, read as they are asked for. Blank lines are passed over. Lines end at `\n` alone:
 * JSON may hold other line separators raw.
 *
 * @throws AppError not_found or permission_denied when the file cannot be read; invalid_argument when it is empty, is
 * cut off in its last line, or a line is no UTF-8 or no JSON (names file and line).
 */
export async function* readJsonLines(
  file: string,
  signal?: AbortSignal,
): AsyncGenerator<JsonLine, void, void> {
  const handle = await openForReading(file);
  try {
    let number = 0;
    let found = false;
    for await (const { bytes, ended } of readLines(handle, file, signal)) {
      number++;
      const text = decode(bytes, file, number, ended);
      if (text.trim() === '') continue;
      found = true;
      yield { line: number, value: parse(text, file, number, ended) };
    }
    if (!found)
      throw taskFileError({ file }, 'the file is empty; a file of tasks has one JSON record on each line.');
  } finally {
    await handle.close();
  }
}

async function openForReading(file: string): Promise<FileHandle> {
  try {
    const handle = await open(file, 'r');
    if ((await handle.stat()).isFile()) return handle;
    await handle.close();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new AppError({
      kind: code === 'EACCES' || code === 'EPERM' ? 'permission_denied' : 'not_found',
      reason: 'INVALID_REQUEST',
      message: `${file} cannot be read (${code}); name a file of tasks in JSON lines.`,
      meta: { file },
      cause: error,
    });
  }
  throw taskFileError({ file }, 'this is no regular file; name a file of tasks in JSON lines.');
}

async function* readLines(
  handle: FileHandle,
  file: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ bytes: Buffer; ended: boolean }, void, void> {
  let parts: Buffer[] = [];
  let size = 0;
  let number = 1;
  for await (const block of handle.createReadStream({ autoClose: false, highWaterMark: 2 ** 18 })) {
    throwIfAborted(signal);
    let rest = block as Buffer;
    for (let at = rest.indexOf(NEWLINE); at !== -1; at = rest.indexOf(NEWLINE)) {
      yield { bytes: Buffer.concat([...parts, rest.subarray(0, at)]), ended: true };
      parts = [];
      size = 0;
      number++;
      rest = rest.subarray(at + 1);
    }
    parts.push(rest);
    size += rest.length;
    if (size > MAX_LINE_BYTES) {
      const limit = MAX_LINE_BYTES / 2 ** 20;
      throw taskFileError(
        { file, line: number },
        `the line is longer than ${limit} MiB; this is no file of tasks.`,
      );
    }
  }
  if (size > 0) yield { bytes: Buffer.concat(parts), ended: false };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Buffer, file: string, line: number, ended: boolean): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw ended
      ? taskFileError({ file, line }, 'the line is not UTF-8 text.', error)
      : cutOff(file, line, error);
  }
}

function parse(text: string, file: string, line: number, ended: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text; it stays in the cause.
    throw ended ? taskFileError({ file, line }, 'the line is not JSON.', error) : cutOff(file, line, error);
  }
}

function cutOff(file: string, line: number, cause: unknown): AppError {
  return taskFileError(
    { file, line },
    'the file ends in the middle of this record: it was cut off; get it again, or remove the line.',
    cause,
  );
}
