import { basename, resolve } from 'node:path';
import { AppError } from '@repoformer/domain';
import type { Split } from '../record.js';
import type { CorpusRepository } from './corpus-repository.js';
import { judgeFile, type DropReason } from './filter/judge-file.js';
import { git } from './git.js';
import { CORPUS_LANGUAGES, type CorpusLanguage } from './manifest.js';
import { listCommit, readBlobs } from './read-commit.js';
import { headOf } from './write-repository.js';

export interface LocalRepositoryOptions {
  /** Default: `path:` and the folder's name. */
  readonly name?: string;
  /** Default: all that the corpus knows. */
  readonly languages?: readonly CorpusLanguage[];
  /** Default: `NOASSERTION`. */
  readonly licence?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes a git repository of this machine as it is: nothing is copied, changed or sent anywhere. What is committed
 * counts; `files` are the sources in it that pass the corpus's rules.
 *
 * @param path the repository's root or a folder in it
 * @throws AppError invalid_argument/NOT_A_REPOSITORY; failed_precondition when it has no commit
 */
export async function openLocalRepository(
  path: string,
  split: Split,
  options: LocalRepositoryOptions = {},
): Promise<CorpusRepository> {
  const { languages = CORPUS_LANGUAGES, licence = 'NOASSERTION', signal } = options;
  const root = await rootOf(resolve(path), signal);
  const commit = await headOf(root, signal);
  if (commit === undefined) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: `${root}: the repository has no commit; commit something first`,
    });
  }
  const dropped: Partial<Record<DropReason, number>> = {};
  const listed = await listCommit(root, commit, signal);
  const blobs = await readBlobs(
    root,
    listed.map(({ oid }) => oid),
    signal,
  );
  const files = listed.flatMap(({ path: file }, at) => {
    const judged = judgeFile(file, blobs[at]!, { languages });
    if ('dropped' in judged) dropped[judged.dropped] = (dropped[judged.dropped] ?? 0) + 1;
    return 'kept' in judged && judged.kept === 'source' ? [file] : [];
  });
  const name = options.name ?? `path:${basename(root)}`;
  return { name, split, root, commit, languages, licence, files: files.sort(), dropped };
}

async function rootOf(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    const top = await git(path, ['rev-parse', '--show-toplevel'], { signal });
    return top.toString('utf8').replace(/\n$/, '');
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'NOT_A_REPOSITORY',
      message: `${path}: not a git repository (or git may not read it); name the folder of one`,
      cause,
    });
  }
}
