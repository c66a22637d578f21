import { constants } from 'node:fs';
import { cp, lstat, mkdir, readlink, realpath, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { AppError, invalidArgument, throwIfAborted } from '@repoformer/domain';

/** Left behind: history is of no use to tests, and stale bytecode could stand for the completed file. */
const LEFT_OUT = new Set(['.git', '__pycache__']);

export interface CopyOptions {
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
}

/**
 * Copies a repository's files (not its history) to a new directory. Links that lead out of the repository, and what is
 * neither file, directory nor link, are left out.
 *
 * @throws AppError not_found, resource_exhausted when it is larger than `maxBytes`, cancelled.
 */
export async function copyRepository(
  from: string,
  to: string,
  { maxBytes, signal }: CopyOptions,
): Promise<void> {
  const root = await realpath(from).catch((error: unknown) => {
    throw new AppError({
      kind: 'not_found',
      reason: 'REPOSITORY_NOT_FOUND',
      message: `${from} is no directory that can be read.`,
      cause: error,
    });
  });
  let bytes = 0;
  const wanted = async (path: string): Promise<boolean> => {
    throwIfAborted(signal);
    if (path === root) return true;
    if (LEFT_OUT.has(basename(path))) return false;
    const entry = await lstat(path);
    if (entry.isSymbolicLink()) return staysInside(root, path);
    if (!entry.isFile()) return entry.isDirectory();
    bytes += entry.size;
    if (bytes > maxBytes) {
      throw new AppError({
        kind: 'resource_exhausted',
        reason: 'INVALID_REQUEST',
        message: `${from} holds more than ${Math.floor(maxBytes / 2 ** 20)} MiB; its tests are not run.`,
      });
    }
    return true;
  };
  try {
    await cp(root, to, {
      recursive: true,
      verbatimSymlinks: true,
      mode: constants.COPYFILE_FICLONE,
      filter: wanted,
    });
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: `${from} cannot be copied (${(error as NodeJS.ErrnoException).code}).`,
      cause: error,
    });
  }
}

/**
 * Puts a text in the place of a file of a copied repository.
 *
 * @param path relative to the root, forward slashes
 * @throws AppError invalid_argument when the path leads out of the root.
 */
export async function replaceFile(root: string, path: string, text: string): Promise<void> {
  const realRoot = await realpath(root);
  const file = resolve(realRoot, path);
  if (isAbsolute(path) || !file.startsWith(realRoot + sep)) {
    throw invalidArgument('path', 'must be relative to the repository and stay inside it.');
  }
  await mkdir(dirname(file), { recursive: true });
  const folder = await realpath(dirname(file));
  if (folder !== realRoot && !folder.startsWith(realRoot + sep)) {
    throw invalidArgument('path', 'leads out of the repository by a link.');
  }
  // Removed first, so that a link at this place is replaced rather than followed.
  const target = join(folder, basename(file));
  await rm(target, { force: true });
  await writeFile(target, text);
}

async function staysInside(root: string, link: string): Promise<boolean> {
  const target = await readlink(link);
  if (isAbsolute(target)) return false;
  const real = await realpath(link).catch(() => undefined);
  if (real === undefined) return false;
  const path = relative(root, real);
  return path !== '..' && !path.startsWith(`..${sep}`) && !isAbsolute(path);
}
