import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CorpusRepository } from '@repoformer/dataset';
import { AppError, throwIfAborted, type SnippetRetriever } from '@repoformer/domain';
import { GitRepositoryOpener } from '@repoformer/git';
import { IndexService, resolveIndexOptions, storeFormatOptions } from '@repoformer/indexing';
import { openIndexStore } from '@repoformer/store';

/** The product's index over several repositories at once, as a daemon has it. */
export interface ServedIndex {
  readonly retriever: SnippetRetriever;
  /** What a request calls a repository; undefined for one that is not indexed. */
  idOf(name: string): string | undefined;
  close(): Promise<void>;
}

/**
 * Indexes repositories in one service, in a temporary folder that `close` removes.
 *
 * @throws AppError failed_precondition naming a repository that cannot be indexed; cancelled
 */
export async function openServedIndex(
  repositories: readonly CorpusRepository[],
  signal: AbortSignal,
): Promise<ServedIndex> {
  const options = resolveIndexOptions();
  const directory = await mkdtemp(join(tmpdir(), 'repoformer-serve-'));
  const store = await openIndexStore({ directory, formatOptions: storeFormatOptions(options) });
  const index = new IndexService({ opener: new GitRepositoryOpener(), store, options });
  const close = async () => {
    await index.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const ids = new Map<string, string>();
    for (const { name, root } of repositories) {
      throwIfAborted(signal);
      const { id } = await index.add(root);
      await index.settled();
      const { state, files, problem } = await index.get(id);
      if (state === 'failed' || files === 0) {
        throw new AppError({
          kind: 'failed_precondition',
          reason: 'REPOSITORY_UNREADABLE',
          message: `${name}: ${problem ?? 'nothing in its commit can be indexed'}`,
        });
      }
      ids.set(name, id);
    }
    return { retriever: index, idOf: (name) => ids.get(name), close };
  } catch (error) {
    await close();
    throw error;
  }
}
