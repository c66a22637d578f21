import { createHash } from 'node:crypto';
import { isAbsolute } from 'node:path';
import {
  AppError,
  invalidArgument,
  isCancellation,
  systemClock,
  throwIfAborted,
  type Clock,
  type ErrorReason,
  type IndexStore,
  type RepositoryIndex,
  type RepositoryOpener,
  type RepositoryStatus,
  type RetrievalQuery,
  type RetrievalResult,
  type StoredRepository,
} from '@repoformer/domain';
import { resolveIndexOptions, type IndexOptions } from './index-options.js';
import { OperationLane } from './operation-lane.js';
import type { Operation } from './operation-queue.js';
import { reconcile, type ReconcileResult } from './reconcile.js';
import { Retriever } from './retriever.js';
import { TimeSlice } from './time-slice.js';
import { TrackedRepository } from './tracked-repository.js';

/** Repositories indexed at the same time; they share one thread, so more would only slow each other down. */
const CONCURRENT_OPERATIONS = 2;

/** Postings merged before looking at the clock; about a millisecond. */
const MERGE_STEP = 100_000;

/** See `snapshotLines`. */
const SNAPSHOT_SHARE = 0.1;

const REPOSITORY_REASONS: ReadonlySet<ErrorReason> = new Set([
  'OBJECT_MISSING',
  'OBJECT_CORRUPT',
  'REPOSITORY_UNREADABLE',
]);

/** Something worth a line in the log. Holds no source text. */
export interface IndexNotice {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
  readonly repository?: string;
  readonly [fact: string]: unknown;
}

export interface IndexServiceParts {
  readonly opener: RepositoryOpener;
  /** Stays the caller's: close it after the service. */
  readonly store: IndexStore;
  readonly clock?: Clock;
  readonly options?: Partial<IndexOptions>;
  readonly onNotice?: (notice: IndexNotice) => void;
}

/**
 * Keeps repositories indexed and finds chunks in them. Repositories known to the store are taken up at once;
 * each then catches up with its HEAD.
 */
export class IndexService implements RepositoryIndex {
  readonly #opener: RepositoryOpener;
  readonly #store: IndexStore;
  readonly #clock: Clock;
  readonly #options: IndexOptions;
  readonly #notice: (notice: IndexNotice) => void;
  readonly #repositories = new Map<string, TrackedRepository>();
  readonly #lane = new OperationLane(CONCURRENT_OPERATIONS);
  readonly #retriever: Retriever;
  /** Removals under way, by id: adding the same repository again waits for its own. */
  readonly #removals = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  #blobsSinceGarbage = 0;
  #garbage: Promise<void> | undefined;

  constructor(parts: IndexServiceParts) {
    this.#opener = parts.opener;
    this.#store = parts.store;
    this.#clock = parts.clock ?? systemClock;
    this.#options = resolveIndexOptions(parts.options);
    this.#notice = parts.onNotice ?? (() => undefined);
    this.#retriever = new Retriever(this.#options, this.#clock);
    for (const record of this.#store.repositories()) this.#track(record).queue.request('start');
  }

  async add(root: string): Promise<RepositoryStatus> {
    this.#assertOpen();
    if (!isAbsolute(root)) throw invalidArgument('root', 'must be an absolute path');
    const reader = await this.#opener.open(root);
    const id = createHash('sha256').update(reader.root).digest('hex').slice(0, 16);
    await this.#removals.get(id)?.catch(() => undefined);
    let repository = this.#repositories.get(id);
    if (repository) {
      repository.adoptReader(reader);
    } else {
      try {
        this.#assertOpen();
        const record = { id, root: reader.root, addedAtMs: this.#clock.now() };
        repository = this.#track(record);
        repository.adoptReader(reader);
        await this.#store.putRepository(record);
      } catch (error) {
        reader.close();
        this.#repositories.delete(id);
        throw error;
      }
    }
    repository.queue.request('add');
    return repository.status();
  }

  async remove(repository: string): Promise<void> {
    const found = await this.#find(repository);
    this.#repositories.delete(found.id);
    const removal = found
      .close(notFound(found.id))
      .then(() => this.#store.removeRepository(found.id))
      .finally(() => this.#removals.delete(found.id));
    this.#removals.set(found.id, removal);
    await removal;
    this.#collectGarbage();
  }

  async list(): Promise<RepositoryStatus[]> {
    this.#assertOpen();
    const all = [...this.#repositories.values()];
    await Promise.all(all.map((one) => this.#lookAtHead(one)));
    return all.map((one) => one.status()).sort((a, b) => (a.root < b.root ? -1 : 1));
  }

  async get(repository: string): Promise<RepositoryStatus> {
    const found = await this.#find(repository);
    await this.#lookAtHead(found);
    return found.status();
  }

  async notify(repository: string, cause: string): Promise<void> {
    const found = await this.#find(repository);
    found.queue.request(cause.slice(0, 64));
  }

  async reindex(repository: string): Promise<RepositoryStatus> {
    const found = await this.#find(repository);
    found.queue.request('reindex', true);
    found.setState('indexing');
    return found.status();
  }

  async *watch(repository: string, signal: AbortSignal): AsyncGenerator<RepositoryStatus, void, void> {
    const found = await this.#find(repository);
    yield* found.watch(signal);
  }

  async retrieve(query: RetrievalQuery, signal?: AbortSignal): Promise<RetrievalResult> {
    throwIfAborted(signal);
    const repository = await this.#find(query.repository);
    this.#lookAtWorkingTree(repository);
    return this.#retriever.retrieve(repository, query, signal);
  }

  /** Asks for a look at the working tree when it is time; what is being retrieved does not wait for it. */
  #lookAtWorkingTree(repository: TrackedRepository): void {
    const isDue =
      this.#options.workingTreeIntervalMs > 0 &&
      repository.state === 'ready' &&
      repository.queue.isIdle &&
      this.#clock.monotonicMs() >= repository.nextLookMs;
    if (isDue) repository.queue.request('working-tree');
  }

  /** Resolves when nothing is being indexed and nothing waits to be. */
  async settled(): Promise<void> {
    for (;;) {
      const busy = [...this.#repositories.values()].filter((one) => !one.queue.isIdle);
      if (busy.length === 0 && !this.#garbage) return;
      await Promise.all([...busy.map((one) => one.queue.settled()), this.#garbage]);
    }
  }

  /** Stops indexing and ends all watches; what is stored stays as it is. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const reason = new AppError({
      kind: 'unavailable',
      reason: 'SHUTTING_DOWN',
      message: 'the index is closing',
    });
    this.#closing.abort(reason);
    await Promise.all([...this.#repositories.values()].map((one) => one.close(reason)));
    await this.#garbage;
  }

  #track(record: StoredRepository): TrackedRepository {
    const repository = new TrackedRepository({
      record,
      options: this.#options,
      opener: this.#opener,
      clock: this.#clock,
      run: (one, operation) => this.#run(one, operation),
    });
    this.#repositories.set(record.id, repository);
    return repository;
  }

  /** Never rejects: what fails becomes the repository's state. */
  async #run(repository: TrackedRepository, operation: Operation): Promise<void> {
    const { id, signal } = repository;
    const startMs = this.#clock.monotonicMs();
    const facts = { repository: id, causes: operation.causes };
    try {
      const { generation, state } = repository;
      const result = await this.#lane.run(() => this.#reconcile(repository, operation), { signal });
      // Looks at the working tree that find nothing new are no news.
      if (state !== 'ready' || repository.state !== 'ready' || repository.generation !== generation)
        repository.setState('ready');
      this.#noticeWorkingTree(repository, result.workingTreeProblem);
      this.#notice({
        level: result.changes > 0 ? 'info' : 'debug',
        message: 'indexed',
        ...facts,
        ...result,
        durationMs: Math.round(this.#clock.monotonicMs() - startMs),
      });
      this.#blobsSinceGarbage += result.blobsRead;
      if (this.#blobsSinceGarbage >= this.#options.collectAfterBlobs) this.#collectGarbage();
      await this.#mergeSegments(repository);
      await this.#saveSnapshot(repository);
    } catch (error) {
      if (repository.isClosed || isCancellation(error)) return;
      // The next run opens the repository again: its directory may have been replaced.
      repository.dropReader();
      const isTooLarge = error instanceof AppError && error.kind === 'resource_exhausted';
      repository.refusedHead = isTooLarge ? repository.head : undefined;
      const problem = error instanceof AppError ? error.message : 'indexing failed; see the log';
      repository.setState('failed', problem);
      this.#notice({ level: 'warn', message: 'indexing failed', ...facts, problem, error });
    }
  }

  /** Said once, not at each look. */
  #noticeWorkingTree(repository: TrackedRepository, problem: string | undefined): void {
    if (problem !== undefined && problem !== repository.workingTreeProblem) {
      const message = 'the working tree cannot be looked at; what is committed is searched';
      this.#notice({ level: 'warn', message, repository: repository.id, problem });
    }
    repository.workingTreeProblem = problem;
  }

  /** Merges ahead what is due, so that its memory is freed; what asks for indexing meanwhile goes first. */
  async #mergeSegments({ files, queue, signal }: TrackedRepository): Promise<void> {
    const slice = new TimeSlice(this.#clock, this.#options.sliceMs);
    while (!queue.hasWaiting && files.index.compact(MERGE_STEP)) await slice.pause(signal);
  }

  /** Saves the search index where reading it again would take long. */
  async #saveSnapshot({ id, files, isClosed }: TrackedRepository): Promise<void> {
    const { changedLines, index } = files;
    const isDue = changedLines >= Math.max(this.#options.snapshotLines, SNAPSHOT_SHARE * index.lineCount);
    if (!isDue || isClosed) return;
    try {
      await this.#store.putSnapshot(id, files.snapshot());
    } catch (error) {
      // The next start takes longer; nothing else depends on it.
      if (this.#closing.signal.aborted) return;
      this.#notice({ level: 'warn', message: 'the search index could not be saved', repository: id, error });
    }
  }

  /** A second attempt opens the repository anew: it may have been replaced under the reader. */
  async #reconcile(repository: TrackedRepository, operation: Operation): Promise<ReconcileResult> {
    const context = { store: this.#store, clock: this.#clock, options: this.#options };
    try {
      return await reconcile(repository, operation, context);
    } catch (error) {
      const isOfRepository =
        error instanceof AppError &&
        REPOSITORY_REASONS.has(error.reason) &&
        error.kind !== 'resource_exhausted';
      if (!isOfRepository || repository.isClosed) throw error;
      repository.dropReader();
      return await reconcile(repository, operation, context);
    }
  }

  /** Re-reads HEAD; when it has moved and nobody told, indexing is asked for. */
  async #lookAtHead(repository: TrackedRepository): Promise<void> {
    if (!repository.queue.isIdle) return;
    try {
      const reader = await repository.reader();
      const head = await reader.readHead();
      const isRefused = repository.state === 'failed' && head === repository.refusedHead;
      const isKnown = head === repository.head && (repository.state === 'ready' || isRefused);
      repository.head = head;
      if (!isKnown) repository.queue.request('look');
    } catch (error) {
      if (repository.isClosed) return;
      repository.dropReader();
      repository.setState('failed', error instanceof AppError ? error.message : 'HEAD cannot be read');
    }
  }

  /** By id, by root, or by a path inside the root. */
  async #find(repository: string): Promise<TrackedRepository> {
    this.#assertOpen();
    const known = this.#repositories.get(repository) ?? this.#findByPath(repository);
    if (known) return known;
    if (isAbsolute(repository)) {
      // The path may lead into a registered repository through a link.
      try {
        const reader = await this.#opener.open(repository);
        reader.close();
        const found = this.#findByPath(reader.root);
        if (found) return found;
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
    }
    throw notFound(repository);
  }

  #findByPath(path: string): TrackedRepository | undefined {
    let best: TrackedRepository | undefined;
    for (const one of this.#repositories.values()) {
      const { root } = one.record;
      const isInside = path === root || (path.startsWith(root) && /^[/\\]/.test(path.slice(root.length)));
      if (isInside && root.length > (best?.record.root.length ?? 0)) best = one;
    }
    return best;
  }

  #collectGarbage(): void {
    if (this.#garbage) return;
    this.#blobsSinceGarbage = 0;
    const collect = () => this.#store.collectGarbage(this.#options.keepUnreferenced);
    this.#garbage = this.#lane
      .run(collect, { exclusive: true, signal: this.#closing.signal })
      .then(
        (artefacts) => this.#notice({ level: 'debug', message: 'collected garbage', artefacts }),
        (error: unknown) => {
          if (this.#closing.signal.aborted) return;
          this.#notice({ level: 'warn', message: 'collecting garbage failed', error });
        },
      )
      .finally(() => (this.#garbage = undefined));
  }

  #assertOpen(): void {
    throwIfAborted(this.#closing.signal);
  }
}

function notFound(repository: string): AppError {
  return new AppError({
    kind: 'not_found',
    reason: 'REPOSITORY_NOT_FOUND',
    message: `repository ${repository} is not registered: add it first`,
    meta: { repository },
  });
}
