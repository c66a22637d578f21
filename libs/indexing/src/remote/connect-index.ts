import type { MessagePort } from 'node:worker_threads';
import {
  abortError,
  AppError,
  throwIfAborted,
  type RepositoryIndex,
  type RepositoryStatus,
  type RetrievalQuery,
  type RetrievalResult,
} from '@repoformer/domain';
import { fromWire, toWire, type IndexReply, type IndexRequest, type PlainMethod } from './index-protocol.js';

interface PendingCall {
  readonly onStatus?: (status: RepositoryStatus) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: AppError) => void;
}

/** The part of a request that depends on the method; the call's number is added on sending. */
type Unnumbered<T> = T extends { readonly call: number } ? Omit<T, 'call'> : never;

/**
 * The index at the other end of a port (`serveIndex`). Cancelling a call tells the other side and rejects at
 * once. When the port closes, because the worker ended or crashed, everything pending rejects with
 * unavailable/INDEX_UNAVAILABLE, and so does every later call.
 */
export function connectIndex(port: MessagePort): RepositoryIndex {
  return new RemoteIndex(port);
}

class RemoteIndex implements RepositoryIndex {
  readonly #port: MessagePort;
  readonly #pending = new Map<number, PendingCall>();
  #lastCall = 0;
  #isGone = false;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (reply: IndexReply) => this.#receive(reply));
    port.on('messageerror', () => this.#lose());
    port.on('close', () => this.#lose());
    port.start();
  }

  add(root: string): Promise<RepositoryStatus> {
    return this.#plain('add', root);
  }

  remove(repository: string): Promise<void> {
    return this.#plain('remove', repository);
  }

  list(): Promise<RepositoryStatus[]> {
    return this.#plain('list');
  }

  get(repository: string): Promise<RepositoryStatus> {
    return this.#plain('get', repository);
  }

  notify(repository: string, cause: string): Promise<void> {
    return this.#plain('notify', repository, cause);
  }

  reindex(repository: string): Promise<RepositoryStatus> {
    return this.#plain('reindex', repository);
  }

  retrieve(query: RetrievalQuery, signal?: AbortSignal): Promise<RetrievalResult> {
    return this.#call({ method: 'retrieve', query }, signal) as Promise<RetrievalResult>;
  }

  async *watch(repository: string, signal: AbortSignal): AsyncGenerator<RepositoryStatus, void, void> {
    const left = new AbortController();
    const both = AbortSignal.any([signal, left.signal]);
    let latest: RepositoryStatus | undefined;
    let outcome: { readonly error?: AppError } | undefined;
    let wake: () => void = () => undefined;
    const onStatus = (status: RepositoryStatus) => {
      // A slow consumer sees the latest and misses those between.
      latest = status;
      wake();
    };
    const finish = (error?: AppError) => {
      outcome = error ? { error } : {};
      wake();
    };
    this.#call({ method: 'watch', repository }, both, onStatus).then(
      () => finish(),
      (error: AppError) => finish(both.aborted ? undefined : error),
    );
    try {
      while (!both.aborted) {
        if (latest) {
          const status = latest;
          latest = undefined;
          yield status;
        } else if (outcome) {
          if (outcome.error) throw outcome.error;
          return;
        } else {
          await new Promise<void>((resolve) => (wake = resolve));
        }
      }
    } finally {
      left.abort();
    }
  }

  /** Closes the index at the other end, then the port. A lost worker counts as closed. */
  async close(): Promise<void> {
    if (this.#isGone) return;
    try {
      await this.#plain('close');
    } catch (error) {
      if (!(error instanceof AppError) || error.reason !== 'INDEX_UNAVAILABLE') throw error;
    } finally {
      this.#lose();
      this.#port.close();
    }
  }

  #plain<T>(method: PlainMethod, ...parameters: readonly string[]): Promise<T> {
    return this.#call({ method, arguments: parameters }) as Promise<T>;
  }

  async #call(
    request: Unnumbered<IndexRequest>,
    signal?: AbortSignal,
    onStatus?: (status: RepositoryStatus) => void,
  ): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#isGone) throw unavailable();
    const call = ++this.#lastCall;
    const onAbort = () => {
      const error = abortError(signal!);
      this.#pending.get(call)?.reject(error);
      if (!this.#isGone)
        this.#port.postMessage({ cancel: call, reason: toWire(error) } satisfies IndexRequest);
    };
    try {
      return await new Promise((resolve, reject) => {
        this.#pending.set(call, { resolve, reject, ...(onStatus && { onStatus }) });
        signal?.addEventListener('abort', onAbort, { once: true });
        this.#port.postMessage({ ...request, call } as IndexRequest);
      });
    } finally {
      signal?.removeEventListener('abort', onAbort);
      this.#pending.delete(call);
    }
  }

  #receive(reply: IndexReply): void {
    const pending = this.#pending.get(reply.call);
    if (!pending) return;
    if ('status' in reply) pending.onStatus?.(reply.status);
    else if ('error' in reply) pending.reject(fromWire(reply.error));
    else pending.resolve(reply.value);
  }

  #lose(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const { reject } of this.#pending.values()) reject(unavailable());
  }
}

function unavailable(): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'INDEX_UNAVAILABLE',
    message: 'the index is not running: it stopped or crashed, and is started again by the daemon',
  });
}
