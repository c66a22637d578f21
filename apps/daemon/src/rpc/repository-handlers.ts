import { isAbsolute } from 'node:path';
import { invalidArgument } from '@repoformer/domain';
import type { RepositoryIndex, RepositoryStatus } from '@repoformer/domain';
import { checkLabel, checkRepository, toRepositoryMessage } from '@repoformer/protocol';
import type { ServiceImplementation, RepositoryService } from '@repoformer/protocol';

const MAX_CAUSE_BYTES = 64;

/** Told of repositories that come and go, so that their HEAD can be watched. */
export interface RepositoryObserver {
  added(status: RepositoryStatus): void;
  removed(id: string): void;
}

/** @param draining Ends watching streams, which have no end of their own. */
export function createRepositoryHandlers(
  index: RepositoryIndex,
  observer: RepositoryObserver,
  draining: AbortSignal,
): ServiceImplementation<typeof RepositoryService> {
  const named = (repository: string): string => checkRepository('repository', repository, false);
  return {
    async addRepository({ root }) {
      // The daemon's working directory is not the client's.
      if (!isAbsolute(root)) throw invalidArgument('root', 'must be an absolute path');
      checkRepository('root', root, false);
      const status = await index.add(root);
      observer.added(status);
      return { repository: toRepositoryMessage(status) };
    },
    async removeRepository({ repository }) {
      const { id } = await index.get(named(repository));
      await index.remove(id);
      observer.removed(id);
      return {};
    },
    async listRepositories() {
      return { repositories: (await index.list()).map(toRepositoryMessage) };
    },
    async getRepository({ repository }) {
      return { repository: toRepositoryMessage(await index.get(named(repository))) };
    },
    async notifyCommit({ repository, cause }) {
      const label = checkLabel('cause', cause, MAX_CAUSE_BYTES);
      await index.notify(named(repository), label === '' ? 'notify' : label);
      return {};
    },
    async reindex({ repository }) {
      return { repository: toRepositoryMessage(await index.reindex(named(repository))) };
    },
    async *watchRepository({ repository }, context) {
      const signal = AbortSignal.any([context.signal, draining]);
      for await (const status of index.watch(named(repository), signal)) {
        yield { repository: toRepositoryMessage(status) };
      }
      if (draining.aborted) throw draining.reason;
    },
  };
}
