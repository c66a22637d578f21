import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted, type Clock } from '@repoformer/domain';

/** Lets other work on the thread run whenever a slice of time is used up. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  #endsAtMs: number;

  constructor(clock: Clock, sliceMs: number) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#endsAtMs = clock.monotonicMs() + sliceMs;
  }

  /** Returns at once while time is left. @throws AppError when the signal was aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    if (this.#clock.monotonicMs() >= this.#endsAtMs) {
      await nextTurn();
      this.#endsAtMs = this.#clock.monotonicMs() + this.#sliceMs;
    }
    throwIfAborted(signal);
  }
}
