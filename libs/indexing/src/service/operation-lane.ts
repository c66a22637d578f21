import { abortError } from '@repoformer/domain';

interface Ticket {
  readonly exclusive: boolean;
  readonly start: () => void;
}

/**
 * Bounds how many operations run at a time over all repositories, in order of arrival. An exclusive one runs
 * alone: collecting garbage must not see artefacts that are about to be referred to.
 */
export class OperationLane {
  readonly #limit: number;
  readonly #queue: Ticket[] = [];
  #active = 0;
  #isExclusive = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws AppError cancelled when the signal is aborted before the operation could start. */
  async run<T>(
    action: () => Promise<T>,
    options: { readonly signal?: AbortSignal; readonly exclusive?: boolean } = {},
  ): Promise<T> {
    await this.#enter(options.exclusive ?? false, options.signal);
    try {
      return await action();
    } finally {
      this.#active--;
      this.#isExclusive = false;
      this.#startNext();
    }
  }

  #enter(exclusive: boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(abortError(signal));
      const onAbort = () => {
        this.#queue.splice(this.#queue.indexOf(ticket), 1);
        reject(abortError(signal!));
        this.#startNext();
      };
      const ticket: Ticket = {
        exclusive,
        start: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(ticket);
      this.#startNext();
    });
  }

  #startNext(): void {
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const isFree = next.exclusive ? this.#active === 0 : this.#active < this.#limit && !this.#isExclusive;
      if (!isFree) return;
      this.#queue.shift();
      this.#active++;
      this.#isExclusive = next.exclusive;
      next.start();
    }
  }
}
