import { once, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { abortError, AppError, throwIfAborted } from '@repoformer/domain';
import type { RepositoryIndex, RepositoryStatus, RetrievalQuery, RetrievalResult } from '@repoformer/domain';

/** One run of the index, in a place of its own that may die. */
export interface IndexBackend {
  readonly index: RepositoryIndex;
  /** Resolves when it has ended, for whatever cause. */
  readonly ended: Promise<{ readonly cause: unknown }>;
  /** Ends it in good order. */
  stop(): Promise<void>;
}

export interface SupervisedIndexOptions {
  /** Starts the index; rejects with an `AppError` when it cannot be opened. */
  readonly start: () => Promise<IndexBackend>;
  /** Told whenever the index becomes usable (`true`) or unusable. */
  readonly onChange?: (usable: boolean, cause?: unknown) => void;
  /** Wait before the first try to start again, doubled with each further one. Default 100 ms. */
  readonly backoffMs?: number;
  /** Default 10 s. */
  readonly maxBackoffMs?: number;
  /** Longest wait of a call for an index that is starting. Default 10 s. */
  readonly startWaitMs?: number;
}

/** Longest wait for a dying index to be gone. */
const DYING_MS = 1_000;

/** An index that runs, and the signal of its end. */
interface Run {
  readonly index: RepositoryIndex;
  readonly dead: AbortSignal;
  stop(): Promise<void>;
}

/** Rejects with the signal's reason when it is aborted first; leaves nothing behind on the signal. */
function unlessDead<T>(dead: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onDeath = (): void => reject(dead.reason);
    dead.addEventListener('abort', onDeath, { once: true });
    work.then(resolve, reject).finally(() => dead.removeEventListener('abort', onDeath));
    if (dead.aborted) onDeath();
  });
}

/**
 * The port to a dying index closes before its end is known. Its calls return only then, so that whoever tries
 * again gets the next one.
 */
async function dying(dead: AbortSignal): Promise<void> {
  if (dead.aborted) return;
  await Promise.race([once(dead, 'abort'), delay(DYING_MS, undefined, { ref: false })]);
}

function unavailable(cause: unknown): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'INDEX_UNAVAILABLE',
    message: 'The indexer is restarting; try again.',
    cause,
  });
}

/**
 * An index that is started again when it dies. Calls under way then fail with unavailable/INDEX_UNAVAILABLE,
 * watches go on with the next one, and new calls wait for it. While it cannot be opened at all, calls fail with
 * the reason.
 */
export class SupervisedIndex implements RepositoryIndex {
  readonly #options: Required<SupervisedIndexOptions>;
  #current: Promise<Run>;
  #closing = false;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #waiting: { resolve(run: Run): void; reject(error: unknown): void } | undefined;

  constructor(options: SupervisedIndexOptions) {
    this.#options = {
      onChange: () => {},
      backoffMs: 100,
      maxBackoffMs: 10_000,
      startWaitMs: 10_000,
      ...options,
    };
    this.#current = this.#nextRun();
  }

  /** Begins; calls made before wait. */
  start(): void {
    void this.#start();
  }

  add(root: string): Promise<RepositoryStatus> {
    return this.#call((index) => index.add(root));
  }

  remove(repository: string): Promise<void> {
    return this.#call((index) => index.remove(repository));
  }

  list(): Promise<RepositoryStatus[]> {
    return this.#call((index) => index.list());
  }

  get(repository: string): Promise<RepositoryStatus> {
    return this.#call((index) => index.get(repository));
  }

  notify(repository: string, cause: string): Promise<void> {
    return this.#call((index) => index.notify(repository, cause));
  }

  reindex(repository: string): Promise<RepositoryStatus> {
    return this.#call((index) => index.reindex(repository));
  }

  retrieve(query: RetrievalQuery, signal?: AbortSignal): Promise<RetrievalResult> {
    return this.#call((index) => index.retrieve(query, signal), signal);
  }

  async *watch(repository: string, signal: AbortSignal): AsyncGenerator<RepositoryStatus, void, void> {
    while (!signal.aborted) {
      const run = await this.#running(signal);
      const local = new AbortController();
      const states = run.index
        .watch(repository, AbortSignal.any([signal, local.signal]))
        [Symbol.asyncIterator]();
      try {
        for (;;) {
          const step = await unlessDead(run.dead, states.next());
          if (step.done) return;
          yield step.value;
        }
      } catch (error) {
        if (!run.dead.aborted || signal.aborted) throw error;
        // The next index goes on where this one was.
      } finally {
        local.abort();
      }
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#retry);
    this.#waiting?.reject(unavailable(undefined));
    this.#waiting = undefined;
    const run = await this.#current.catch(() => undefined);
    await run?.stop();
  }

  async #call<T>(work: (index: RepositoryIndex) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const run = await this.#running(signal);
    try {
      return await unlessDead(run.dead, work(run.index));
    } catch (error) {
      if (error instanceof AppError && error.reason === 'INDEX_UNAVAILABLE') await dying(run.dead);
      throw error;
    }
  }

  /** The running index; waits for one that is starting, within limits. */
  async #running(signal: AbortSignal | undefined): Promise<Run> {
    throwIfAborted(signal);
    let onAbort: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const given = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(unavailable(undefined)), this.#options.startWaitMs);
      onAbort = () => reject(signal === undefined ? unavailable(undefined) : abortError(signal));
      signal?.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([this.#current, given]);
    } finally {
      clearTimeout(timer);
      if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
    }
  }

  #nextRun(): Promise<Run> {
    const next = new Promise<Run>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    // Whoever waits sees the failure; without anyone it is no unhandled one.
    next.catch(() => {});
    return next;
  }

  async #start(): Promise<void> {
    try {
      const backend = await this.#options.start();
      if (this.#closing) {
        await backend.stop();
        return;
      }
      const death = new AbortController();
      setMaxListeners(0, death.signal);
      this.#waiting?.resolve({ index: backend.index, dead: death.signal, stop: () => backend.stop() });
      this.#waiting = undefined;
      this.#options.onChange(true);
      const startedMs = performance.now();
      void backend.ended.then(({ cause }) => {
        death.abort(unavailable(cause));
        // One that ran for a while did start well: its end says nothing of the next one's chances.
        if (performance.now() - startedMs > this.#options.maxBackoffMs) this.#failures = 0;
        this.#ended(cause);
      });
    } catch (error) {
      if (this.#closing) return;
      const reason = error instanceof AppError ? error : unavailable(error);
      this.#waiting?.reject(reason);
      this.#waiting = undefined;
      this.#options.onChange(false, error);
      this.#scheduleStart();
    }
  }

  #ended(cause: unknown): void {
    if (this.#closing) return;
    this.#current = this.#nextRun();
    this.#options.onChange(false, cause);
    this.#scheduleStart();
  }

  #scheduleStart(): void {
    const { backoffMs, maxBackoffMs } = this.#options;
    const waitMs = Math.min(maxBackoffMs, backoffMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    this.#retry = setTimeout(() => {
      if (this.#waiting === undefined) this.#current = this.#nextRun();
      void this.#start();
    }, waitMs);
  }
}
