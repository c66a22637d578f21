import { realpathSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import type { Host } from './host.js';
import { parsePosition, splitAt } from './position.js';
import type { SplitOptions, TextAround } from './position.js';

/** Larger files are refused. */
const MAX_BYTES = 64 * 1024 * 1024;
/** More of a file than this, on either side of the cursor, never reaches a prompt. UTF-16 code units. */
const MAX_SIDE = 1024 * 1024;

/** A place to complete at, with the text around it. */
export interface DocumentPosition extends TextAround {
  /** Absolute path with links resolved, as far as it exists. */
  readonly path: string;
  /** 1-based, for people. */
  readonly line: number;
  readonly column: number;
}

export interface ReadDocumentOptions extends SplitOptions {
  /** What the text on standard input is a file's content of. */
  readonly path?: string | undefined;
}

/**
 * Reads `FILE:LINE[:COL]`; `-:LINE[:COL]` takes the content from standard input and the path from `--path`.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST; not_found/INVALID_REQUEST when there is no such file.
 */
export async function readDocument(
  host: Host,
  positionText: string,
  options: ReadDocumentOptions = {},
): Promise<DocumentPosition> {
  const position = parsePosition(positionText);
  const fromStdin = position.file === '-';
  if (!fromStdin && options.path !== undefined) {
    throw invalidArgument('--path', 'only has a meaning with "-" for the file, which reads standard input');
  }
  if (fromStdin && options.path === undefined) {
    throw invalidArgument('position', '"-" reads standard input; say with --path which file that is');
  }
  const path = resolve(host.cwd, options.path ?? position.file);
  const bytes = fromStdin ? await readAll(host) : await readBytes(path, position.file);
  if (bytes.includes(0)) throw invalidArgument('position', `${position.file} is a binary file`);
  // The decoder drops a byte order mark, as editors do when they count columns.
  const text = new TextDecoder('utf-8').decode(bytes);
  const { prefix, suffix } = splitAt(text, position, options);
  const lineStart = Math.max(prefix.lastIndexOf('\n'), prefix.lastIndexOf('\r')) + 1;
  return {
    path: realPath(path),
    line: position.line,
    column: position.column ?? prefix.length - lineStart + 1,
    prefix: tail(prefix),
    suffix: head(suffix),
  };
}

/** Whole lines at the end, within the limit where there is a line end to cut at. */
function tail(prefix: string): string {
  if (prefix.length <= MAX_SIDE) return prefix;
  const cut = prefix.slice(prefix.length - MAX_SIDE);
  const end = cut.indexOf('\n');
  return end < 0 ? cut.replace(/^[\udc00-\udfff]/, '') : cut.slice(end + 1);
}

function head(suffix: string): string {
  return suffix.length <= MAX_SIDE ? suffix : suffix.slice(0, MAX_SIDE).replace(/[\ud800-\udbff]$/, '');
}

async function readBytes(path: string, shown: string): Promise<Uint8Array> {
  try {
    const file = await open(path, 'r');
    try {
      const status = await file.stat();
      if (!status.isFile()) throw invalidArgument('position', `${shown} is no regular file`);
      if (status.size > MAX_BYTES) throw invalidArgument('position', `${shown} is larger than 64 MiB`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const absent = code === 'ENOENT' || code === 'ENOTDIR';
    throw new AppError({
      kind: absent ? 'not_found' : 'invalid_argument',
      reason: 'INVALID_REQUEST',
      message: absent ? `there is no file ${shown}` : `${shown} cannot be read (${code ?? 'unknown error'})`,
      meta: { field: 'position' },
      cause: error,
    });
  }
}

async function readAll(host: Host): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of host.stdin as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(piece);
    size += bytes.length;
    if (size > MAX_BYTES) throw invalidArgument('position', 'standard input is larger than 64 MiB');
    pieces.push(bytes);
  }
  return Buffer.concat(pieces);
}

/** The path with links resolved; of a file that does not exist yet, its nearest folder's. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}
