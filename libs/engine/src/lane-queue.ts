import { AppError, abortError } from '@repoformer/domain';

export type LanePriority = 'completion' | 'warm';

/** A granted turn. */
export interface LaneTurn {
  /** Aborted, with the error that says so, when a completion takes the turn away from a warm-up. */
  readonly preempted: AbortSignal;
  /** Ends the turn; harmless when it has ended already. */
  end(): void;
}

interface Waiter {
  readonly priority: LanePriority;
  readonly grant: (turn: LaneTurn) => void;
}

/**
 * Who may use the one evaluation state: one at a time, completions in order of arrival and before any
 * warm-up, a warm-up until a completion asks.
 */
export class LaneQueue {
  readonly #limit: number;
  #holder: { priority: LanePriority; turn: LaneTurn; preemption: AbortController } | undefined;
  #waiting: Waiter[] = [];

  /** @param limit how many may wait; the next one is refused. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @throws AppError resource_exhausted/ENGINE_BUSY when too many wait; cancelled. */
  enter(priority: LanePriority, signal: AbortSignal): Promise<LaneTurn> {
    if (signal.aborted) return Promise.reject(abortError(signal));
    if (this.#holder === undefined) return Promise.resolve(this.#grant(priority));
    if (this.#holder.priority === 'warm' && priority === 'completion') {
      const { preemption } = this.#holder;
      const turn = this.#grant(priority);
      preemption.abort(
        new AppError({
          kind: 'aborted',
          reason: 'SUPERSEDED',
          message: 'the warm-up gave way to a completion',
        }),
      );
      return Promise.resolve(turn);
    }
    if (this.#waiting.length >= this.#limit) {
      return Promise.reject(
        new AppError({
          kind: 'resource_exhausted',
          reason: 'ENGINE_BUSY',
          message: `the model is busy and ${this.#waiting.length} requests are waiting: try again later`,
          meta: { waiting: String(this.#waiting.length) },
        }),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        priority,
        grant: (turn) => {
          signal.removeEventListener('abort', leave);
          resolve(turn);
        },
      };
      const leave = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(abortError(signal));
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  #grant(priority: LanePriority): LaneTurn {
    const preemption = new AbortController();
    const turn: LaneTurn = {
      preempted: preemption.signal,
      end: () => {
        if (this.#holder?.turn !== turn) return;
        this.#holder = undefined;
        const next = this.#waiting.find((waiter) => waiter.priority === 'completion') ?? this.#waiting[0];
        if (next === undefined) return;
        this.#waiting = this.#waiting.filter((waiter) => waiter !== next);
        next.grant(this.#grant(next.priority));
      },
    };
    this.#holder = { priority, turn, preemption };
    return turn;
  }
}
