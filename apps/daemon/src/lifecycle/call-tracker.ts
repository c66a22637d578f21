import { setMaxListeners } from 'node:events';
import { AppError } from '@repoformer/domain';
import type { AddServiceOptions, CallReport } from '@repoformer/protocol';

/** The error of calls that a stopping daemon refuses or ends. */
export function shuttingDown(): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'SHUTTING_DOWN',
    message: 'The daemon is stopping.',
  });
}

/**
 * The calls under way, and the two steps of ending them: `drain` lets no new ones begin and ends those that
 * would go on for ever; `stop` ends the rest.
 */
export class CallTracker {
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  readonly #running = new Set<string>();
  readonly #onReport: (report: CallReport) => void;
  #idle: (() => void) | undefined;

  constructor(onReport: (report: CallReport) => void) {
    this.#onReport = onReport;
    setMaxListeners(0, this.#drain.signal);
  }

  /** Aborted once the daemon stops: for streams that have no end of their own. */
  get draining(): AbortSignal {
    return this.#drain.signal;
  }

  get runningCalls(): number {
    return this.#running.size;
  }

  /** What each service is added with. */
  get serviceOptions(): AddServiceOptions {
    return {
      stop: this.#stop.signal,
      admit: () => {
        if (this.#drain.signal.aborted) throw this.#drain.signal.reason;
      },
      onBegin: ({ requestId }) => this.#running.add(requestId),
      onEnd: (report) => {
        this.#running.delete(report.requestId);
        this.#onReport(report);
        if (this.#running.size === 0) this.#idle?.();
      },
    };
  }

  /** Refuses new calls; resolves once none runs, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.#drain.abort(shuttingDown());
    await this.#untilIdle(graceMs);
  }

  /** Ends the calls that still run; resolves once their handlers have ended, or after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.#stop.abort(shuttingDown());
    await this.#untilIdle(graceMs);
  }

  #untilIdle(timeoutMs: number): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
