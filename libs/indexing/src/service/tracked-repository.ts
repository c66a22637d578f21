import type {
  Clock,
  IndexProgress,
  IndexState,
  RepositoryOpener,
  RepositoryReader,
  RepositoryStatus,
  StoredRepository,
} from '@repoformer/domain';
import { AppError } from '@repoformer/domain';
import { TreeRules } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import { OperationQueue, type Operation } from './operation-queue.js';
import { SearchableFiles } from './searchable-files.js';
import { WorkingTreeOverlay } from './working-tree-overlay.js';

/** Progress is told at most so often; changes of state at once. */
const PROGRESS_INTERVAL_MS = 100;

export interface TrackedRepositoryParts {
  readonly record: StoredRepository;
  readonly options: IndexOptions;
  readonly opener: RepositoryOpener;
  readonly clock: Clock;
  readonly run: (repository: TrackedRepository, operation: Operation) => Promise<void>;
}

/** One registered repository in memory: what is searched, how far indexing is, and who wants to know. */
export class TrackedRepository {
  record: StoredRepository;
  files: SearchableFiles;
  rules = new TreeRules();
  /** Rule files of the indexed tree by path, with their oids. */
  ruleFiles = new Map<string, string>();
  /** Hash that {@link rules} were read for; undefined before they are. */
  rulesHash: string | undefined;
  /** Paths to be read again: their artefact was lost, or their blob could not be read. */
  repairs = new Set<string>();
  /** Uncommitted files among {@link files}. */
  readonly workingTree = new WorkingTreeOverlay((path) => this.repairs.add(path));
  /** Why the working tree could not be looked at the last time. */
  workingTreeProblem: string | undefined;
  /** When the working tree may be looked at again, on the monotonic clock. */
  nextLookMs = 0;
  /** Whether the store's files have been taken into memory. */
  isLoaded = false;
  /** Whether memory may differ from what is stored for `record.indexedCommit`: the next run compares everything. */
  isDirty = false;
  head: string | undefined;
  /** The commit that was too large to be indexed: to try again would cost as much and end the same. */
  refusedHead: string | undefined;

  readonly queue: OperationQueue;
  readonly #aborter = new AbortController();
  readonly #parts: TrackedRepositoryParts;
  readonly #watchers = new Set<() => void>();
  #reader: RepositoryReader | undefined;
  #state: IndexState = 'pending';
  #progress: IndexProgress | undefined;
  #problem: string | undefined;
  #generationBase = 0;
  #toldAtMs = 0;

  constructor(parts: TrackedRepositoryParts) {
    this.#parts = parts;
    this.record = parts.record;
    this.files = new SearchableFiles(parts.options);
    this.queue = new OperationQueue((operation) => parts.run(this, operation));
  }

  get id(): string {
    return this.record.id;
  }

  /** Aborted when the repository is removed or the service closed. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  get state(): IndexState {
    return this.#state;
  }

  get generation(): number {
    return this.#generationBase + this.files.generation;
  }

  get isClosed(): boolean {
    return this.#aborter.signal.aborted;
  }

  /** Starts from no files, as a full comparison will fill them in. */
  forgetFiles(): void {
    this.#generationBase = this.generation + 1;
    this.files = new SearchableFiles(this.#parts.options);
    this.workingTree.clear();
    this.isDirty = true;
    this.isLoaded = true;
    this.repairs.clear();
    const { id, root, addedAtMs } = this.record;
    this.record = { id, root, addedAtMs };
  }

  /** The open reader, or a new one. @throws AppError when the repository cannot be opened. */
  async reader(): Promise<RepositoryReader> {
    if (this.#reader) return this.#reader;
    const reader = await this.#parts.opener.open(this.record.root);
    if (reader.root !== this.record.root || this.isClosed) {
      reader.close();
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'REPOSITORY_UNREADABLE',
        message: `${this.record.root} is no longer the root of a repository: remove it, or restore it`,
        meta: { root: this.record.root },
      });
    }
    this.#reader ??= reader;
    if (this.#reader !== reader) reader.close();
    return this.#reader;
  }

  adoptReader(reader: RepositoryReader): void {
    if (this.#reader) reader.close();
    else this.#reader = reader;
  }

  /** Gives up the reader; the next use opens the repository again. */
  dropReader(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  setState(state: IndexState, problem?: string): void {
    this.#state = state;
    this.#problem = problem;
    if (state !== 'indexing') this.#progress = undefined;
    this.#tell();
  }

  setProgress(progress: IndexProgress): void {
    this.#progress = progress;
    if (this.#parts.clock.monotonicMs() - this.#toldAtMs >= PROGRESS_INTERVAL_MS) this.#tell();
  }

  status(): RepositoryStatus {
    const { id, root, indexedCommit, indexedAtMs } = this.record;
    return {
      id,
      root,
      state: this.#state,
      headCommit: this.head,
      indexedCommit,
      files: this.files.fileCount,
      chunks: this.files.index.windowCount,
      lines: this.files.index.lineCount,
      skipped: this.files.skipped,
      indexedAt: indexedAtMs === undefined ? undefined : new Date(indexedAtMs),
      ...(this.#state === 'indexing' && {
        progress: this.#progress ?? { filesDone: 0, filesTotal: 0, bytesDone: 0 },
      }),
      ...(this.#state === 'failed' && { problem: this.#problem ?? 'indexing failed' }),
    };
  }

  /**
   * The status now and at every change; a slow consumer sees the latest and misses those between. Ends when
   * the signal is aborted or the repository is removed.
   */
  async *watch(signal: AbortSignal): AsyncGenerator<RepositoryStatus, void, void> {
    let wake: () => void = () => undefined;
    let isChanged = true;
    const onChange = () => {
      isChanged = true;
      wake();
    };
    this.#watchers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    this.signal.addEventListener('abort', onChange, { once: true });
    try {
      while (!signal.aborted && !this.isClosed) {
        if (isChanged) {
          isChanged = false;
          yield this.status();
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      }
    } finally {
      this.#watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
      this.signal.removeEventListener('abort', onChange);
    }
  }

  /** Stops what runs; resolves when nothing does. */
  async close(reason: AppError): Promise<void> {
    this.#aborter.abort(reason);
    await this.queue.close();
    this.dropReader();
  }

  #tell(): void {
    this.#toldAtMs = this.#parts.clock.monotonicMs();
    for (const watcher of this.#watchers) watcher();
  }
}
