import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  openLocalRepository,
  safeName,
  writeRepository,
  type RepositoryFile,
  type SourceRepository,
} from '@repoformer/dataset';
import { AppError, languageOfPath, throwIfAborted } from '@repoformer/domain';

/** Larger files are neither searched nor completed. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TOTAL_BYTES = 512 * 1024 * 1024;

/**
 * The repository of published tasks as one that can be indexed. A folder that is a git repository of its own is taken as
 * it is committed; of any other, the source files are made one below the cache. The folder itself is never written to.
 *
 * @param name as the holes call it
 * @throws AppError failed_precondition when there is no source in it; resource_exhausted when there is too much
 */
export async function openTaskRepository(
  name: string,
  folder: string,
  cacheDirectory: string,
  signal: AbortSignal,
): Promise<SourceRepository> {
  const root = await realpath(folder);
  const own = await ownRepository(name, root, signal);
  if (own) return own;
  const files = await readSources(root, signal);
  if (files.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: `${folder}: there is no source file in it; name the folder that holds the data set's repositories`,
    });
  }
  const id = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const copy = join(cacheDirectory, 'tasks', `${safeName(name)}-${id}`);
  const commit = await writeRepository(copy, name, files, signal);
  return { name, root: copy, commit, files: [] };
}

/** A folder inside another repository is no repository of its own. */
async function ownRepository(
  name: string,
  root: string,
  signal: AbortSignal,
): Promise<SourceRepository | undefined> {
  const hasGit = await lstat(join(root, '.git')).then(
    () => true,
    () => false,
  );
  if (!hasGit) return undefined;
  const { commit } = await openLocalRepository(root, 'benchmark', { name, signal });
  return { name, root, commit, files: [] };
}

/** Regular files in known languages; links are not followed. */
async function readSources(root: string, signal: AbortSignal): Promise<RepositoryFile[]> {
  const files: RepositoryFile[] = [];
  let totalBytes = 0;
  const folders = [''];
  for (let at = 0; at < folders.length; at++) {
    throwIfAborted(signal);
    const folder = folders[at]!;
    for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && entry.name !== '.git') folders.push(path);
      if (!entry.isFile() || languageOfPath(path) === '') continue;
      const { size } = await lstat(join(root, path));
      if (size > MAX_FILE_BYTES) continue;
      totalBytes += size;
      if (totalBytes > MAX_TOTAL_BYTES) {
        throw new AppError({
          kind: 'resource_exhausted',
          reason: 'REPOSITORY_UNREADABLE',
          message: `${root}: it holds more than ${MAX_TOTAL_BYTES / 2 ** 20} MiB of source; is this one repository?`,
        });
      }
      files.push({ path, bytes: await readFile(join(root, path)) });
    }
  }
  return files;
}
