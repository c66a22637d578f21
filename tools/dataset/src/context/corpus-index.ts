import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError, type RetrievalQuery, type RetrievalResult } from '@repoformer/domain';
import { GitRepositoryOpener } from '@repoformer/git';
import {
  IndexService,
  resolveIndexOptions,
  storeFormatOptions,
  type IndexOptions,
} from '@repoformer/indexing';
import { openIndexStore } from '@repoformer/store';

/** The product's own index over one repository, for as long as it is worked on. */
export interface CorpusIndex {
  readonly options: IndexOptions;
  /** Relative paths of what is indexed are the repository's; the rest is as in the daemon. */
  retrieve(query: Omit<RetrievalQuery, 'repository' | 'openBuffers'>): Promise<RetrievalResult>;
  close(): Promise<void>;
}

/**
 * Indexes a repository as the daemon does, in a temporary directory that `close` removes.
 *
 * @param root absolute path of a git repository
 * @throws AppError invalid_argument/NOT_A_REPOSITORY; failed_precondition when it has no commit, or nothing in
 * it can be indexed
 */
export async function openCorpusIndex(
  root: string,
  wanted: Partial<IndexOptions> = {},
): Promise<CorpusIndex> {
  const options = resolveIndexOptions(wanted);
  const directory = await mkdtemp(join(tmpdir(), 'repoformer-dataset-'));
  const removeDirectory = () => rm(directory, { recursive: true, force: true });
  const store = await openIndexStore({ directory, formatOptions: storeFormatOptions(options) });
  const index = new IndexService({ opener: new GitRepositoryOpener(), store, options });
  const close = async () => {
    await index.close();
    await store.close();
    await removeDirectory();
  };
  try {
    const { id } = await index.add(root);
    await index.settled();
    const status = await index.get(id);
    if (status.state === 'failed' || status.indexedCommit === undefined || status.files === 0) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'REPOSITORY_UNREADABLE',
        message: `${root}: ${status.problem ?? (status.headCommit === undefined ? 'the repository has no commit' : 'nothing in its commit can be indexed')}`,
      });
    }
    return {
      options,
      retrieve: (query) => index.retrieve({ ...query, repository: id, openBuffers: [] }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
