import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { AppError } from '@repoformer/domain';

/**
 * Codes that mean "there is no such file" when a path may run through a file, a loop or a device; the last one is for
 * paths with a NUL in them.
 */
const ABSENT = new Set([
  ...['ENOENT', 'ENOTDIR', 'ELOOP', 'EISDIR', 'ENXIO', 'ENAMETOOLONG'],
  'ERR_INVALID_ARG_VALUE',
]);

/** Without it, opening a FIFO in a hostile repository would wait for a writer for ever. */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The `code` of a system error; empty for anything else. */
export function errorCode(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** Whether a system error says that the file is not there. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.has(errorCode(error));
}

/** Translates a system error about a repository's file. */
export function unreadable(path: string, cause: unknown): AppError {
  const code = errorCode(cause);
  const denied = code === 'EACCES' || code === 'EPERM';
  return new AppError({
    kind: denied ? 'permission_denied' : 'unavailable',
    reason: 'REPOSITORY_UNREADABLE',
    message: denied
      ? `${path} may not be read: give this user read permission`
      : `${path} could not be read (${code || 'unknown error'})`,
    cause,
  });
}

export interface OpenFile {
  readonly fd: number;
  readonly sizeBytes: number;
}

/** Opens a regular file for reading; undefined when there is none. The caller closes `fd`. */
export function openRegularFile(path: string): OpenFile | undefined {
  let fd: number;
  try {
    fd = openSync(path, OPEN_FLAGS);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw unreadable(path, error);
  }
  try {
    // With `bigint`: after a plain stat of a pipe Node's imports no longer follow links (nodejs/node#51142).
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile()) return { fd, sizeBytes: Number(stat.size) };
  } catch (error) {
    closeSync(fd);
    throw unreadable(path, error);
  }
  closeSync(fd);
  return undefined;
}

/** Reads `length` bytes at `position`, fewer at the end of the file. Positions may exceed 2^32. */
export function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, position + done);
    if (count === 0) return buffer.subarray(0, done);
    done += count;
  }
  return buffer;
}

/**
 * The whole of a regular file; undefined when there is none.
 * @throws AppError REPOSITORY_UNREADABLE when it is larger than `maxBytes` or may not be read.
 */
export function readRegularFile(path: string, maxBytes: number): Buffer | undefined {
  const file = openRegularFile(path);
  if (!file) return undefined;
  try {
    if (file.sizeBytes > maxBytes) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'REPOSITORY_UNREADABLE',
        message: `${path} has ${file.sizeBytes} bytes, more than the ${maxBytes} allowed`,
      });
    }
    return readAt(file.fd, 0, file.sizeBytes);
  } catch (error) {
    throw error instanceof AppError ? error : unreadable(path, error);
  } finally {
    closeSync(file.fd);
  }
}

/** Like {@link readRegularFile}, as UTF-8 text. */
export function readTextFile(path: string, maxBytes: number): string | undefined {
  return readRegularFile(path, maxBytes)?.toString('utf8');
}
