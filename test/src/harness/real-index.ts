import { GitRepositoryOpener } from '@repoformer/git';
import {
  IndexService,
  resolveIndexOptions,
  storeFormatOptions,
  type IndexOptions,
} from '@repoformer/indexing';
import { openIndexStore } from '@repoformer/store';

/** The index with real git and a real store, as the daemon's worker puts it together, in this process. */
export class RealIndex {
  private constructor(
    readonly service: IndexService,
    readonly close: () => Promise<void>,
  ) {}

  /** @param directory of the store; made when it is not there */
  static async open(directory: string, given: Partial<IndexOptions> = {}): Promise<RealIndex> {
    const options = resolveIndexOptions(given);
    const store = await openIndexStore({ directory, formatOptions: storeFormatOptions(options) });
    const service = new IndexService({ opener: new GitRepositoryOpener(), store, options });
    return new RealIndex(service, async () => {
      await service.close();
      await store.close();
    });
  }
}
