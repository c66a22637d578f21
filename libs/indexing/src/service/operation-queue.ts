/** Why something is done; several causes of one operation are joined. */
export interface Operation {
  readonly causes: readonly string[];
  /** Build anew from the blobs, using nothing that was indexed before. */
  readonly fresh: boolean;
}

/**
 * One operation runs and at most one waits (after rust-analyzer's `op_queue`): what arrives meanwhile is
 * merged into the waiting one, because a reconciliation looks at HEAD when it starts.
 */
export class OperationQueue {
  readonly #run: (operation: Operation) => Promise<void>;
  #waiting: Operation | undefined;
  #running: Promise<void> | undefined;
  #isClosed = false;

  /** `run` never rejects: it reports its own failures. */
  constructor(run: (operation: Operation) => Promise<void>) {
    this.#run = run;
  }

  get isIdle(): boolean {
    return !this.#running;
  }

  /** Whether an operation is to follow the running one. */
  get hasWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  request(cause: string, fresh = false): void {
    if (this.#isClosed) return;
    const waiting = this.#waiting;
    this.#waiting = {
      causes: waiting?.causes.includes(cause)
        ? waiting.causes
        : [...(waiting?.causes ?? []), cause].slice(-8),
      fresh: fresh || (waiting?.fresh ?? false),
    };
    this.#running ??= this.#drain();
  }

  /** Resolves when nothing runs and nothing waits. */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Nothing is started from here on; resolves when what runs has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#waiting = undefined;
    await this.#running;
  }

  async #drain(): Promise<void> {
    // The caller gets its answer first.
    await Promise.resolve();
    while (this.#waiting) {
      const operation = this.#waiting;
      this.#waiting = undefined;
      await this.#run(operation);
    }
    this.#running = undefined;
  }
}
