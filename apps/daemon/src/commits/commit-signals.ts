import { AppError } from '@repoformer/domain';
import type { RepositoryIndex, RepositoryStatus } from '@repoformer/domain';
import type { Logger } from '../log/logger.js';
import type { RepositoryObserver } from '../rpc/repository-handlers.js';

export interface Closable {
  close(): void | Promise<void>;
}

/** Where the news of a moved HEAD comes from. */
export interface CommitSources {
  /** Begins to take in what git hooks leave behind: a path within the repository, and the hook's name. */
  openSpool(onCommit: (repository: string, cause: string) => void): Closable | Promise<Closable>;
  /** Watches HEAD and its log, which also move where no hook runs. */
  watchHead(root: string, onMove: () => void): Closable | Promise<Closable>;
}

/** Tells the index whenever a repository's HEAD may have moved. */
export class CommitSignals implements RepositoryObserver {
  readonly #index: RepositoryIndex;
  readonly #sources: CommitSources;
  readonly #logger: Logger;
  readonly #watchers = new Map<string, Promise<Closable | undefined>>();
  #spool: Closable | undefined;
  #closed = false;

  constructor(index: RepositoryIndex, sources: CommitSources, logger: Logger) {
    this.#index = index;
    this.#sources = sources;
    this.#logger = logger;
  }

  /** Opens the hook spool. Repositories come with `reconcile` and `added`. */
  async open(): Promise<void> {
    this.#spool = await this.#sources.openSpool((repository, cause) => this.#notify(repository, cause));
  }

  /** Watches every registered repository and has each compared with its HEAD; for when the index has started. */
  async reconcile(cause: string): Promise<void> {
    try {
      for (const status of await this.#index.list()) {
        this.added(status);
        this.#notify(status.id, cause);
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'repositories could not be listed');
    }
  }

  added({ id, root }: RepositoryStatus): void {
    if (this.#closed || this.#watchers.has(id)) return;
    this.#watchers.set(id, this.#watch(id, root));
  }

  removed(id: string): void {
    const watcher = this.#watchers.get(id);
    this.#watchers.delete(id);
    void watcher?.then((opened) => opened?.close());
  }

  async close(): Promise<void> {
    this.#closed = true;
    const opened = await Promise.all(this.#watchers.values());
    this.#watchers.clear();
    await Promise.allSettled([this.#spool, ...opened].map(async (closable) => closable?.close()));
  }

  async #watch(id: string, root: string): Promise<Closable | undefined> {
    try {
      return await this.#sources.watchHead(root, () => this.#notify(id, 'head-moved'));
    } catch (error) {
      // Hooks and explicit notifications still work, and so does the next start.
      this.#logger.warn({ repository: id, err: error }, 'HEAD cannot be watched');
      return undefined;
    }
  }

  #notify(repository: string, cause: string): void {
    if (this.#closed) return;
    this.#logger.debug({ cause }, 'HEAD may have moved');
    this.#index.notify(repository, cause).catch((error: unknown) => {
      // Hooks stay in repositories that were removed here: nothing to tell then.
      if (error instanceof AppError && error.reason === 'REPOSITORY_NOT_FOUND') return;
      this.#logger.warn({ cause, err: error }, 'the index could not be notified');
    });
  }
}
