import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '@repoformer/domain';

function refuse(directory: string, problem: string): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `The data directory ${directory} ${problem}`,
  });
}

/**
 * Creates a directory and those above it that are missing, private to this user. Node's own recursive mkdir never
 * returns where the file system answers ENOENT for a parent that exists, as /proc does.
 */
function createDirectory(directory: string): void {
  if (existsSync(directory)) return;
  const parent = dirname(directory);
  if (parent !== directory) createDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Creates the data directory (mode 0700) or checks the one there, and returns its real path. The index tells
 * of source text, so a directory that others may write to, or that belongs to someone else, is refused.
 *
 * @throws AppError failed_precondition/CONFIG_INVALID.
 */
export function prepareDataDirectory(directory: string): string {
  try {
    createDirectory(directory);
    const status = statSync(directory);
    if (!status.isDirectory()) throw refuse(directory, 'is no directory; choose another.');
    if (process.platform !== 'win32') {
      if ((status.mode & 0o002) !== 0) {
        throw refuse(directory, 'is writable by everyone; run chmod 700 on it, or choose another.');
      }
      if (process.getuid !== undefined && status.uid !== process.getuid()) {
        throw refuse(directory, 'belongs to another user; choose another.');
      }
    }
    return realpathSync(directory);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `The data directory ${directory} cannot be used (${code}); choose another.`,
      cause: error,
    });
  }
}

/** Creates the directory that is to hold a socket, private to this user, unless it is there. */
export function prepareSocketDirectory(socketPath: string): void {
  const directory = dirname(socketPath);
  try {
    createDirectory(directory);
    const status = lstatSync(directory);
    // Where anyone may rename files, anyone could put a socket of their own in this one's place.
    if ((status.mode & 0o002) !== 0 && (status.mode & 0o1000) === 0 && status.isDirectory()) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'CONFIG_INVALID',
        message: `The socket's directory ${directory} is writable by everyone; choose another --socket.`,
      });
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `The socket's directory ${directory} cannot be created (${(error as NodeJS.ErrnoException).code}).`,
      cause: error,
    });
  }
}
