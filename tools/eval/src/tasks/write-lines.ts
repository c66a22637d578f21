import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError, isCancellation, throwIfAborted } from '@repoformer/domain';

/**
 * Writes a file from lines that are whole with their ends; it appears under its name only when it is whole.
 *
 * @throws AppError cancelled; failed_precondition when it cannot be written (a full disk, for example)
 */
export async function writeLines(
  path: string,
  lines: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const partial = `${path}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await pipeline(Readable.from(lines), createWriteStream(partial), { signal });
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throwIfAborted(signal);
    if (isCancellation(error)) throw error;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'INVALID_REQUEST',
      message: `${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`,
      cause: error,
    });
  }
}
