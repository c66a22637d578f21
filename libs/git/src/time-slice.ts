/** The event loop gets a turn at least this often. */
const SLICE_MS = 10;

/** Lets other work on the thread run whenever a slice of time is used up; one for all that a reader does. */
export class TimeSlice {
  private startMs = performance.now();

  /** Whether it is time for {@link pause}; asked in loops, where awaiting each time would cost more than the work. */
  get isOver(): boolean {
    return performance.now() - this.startMs >= SLICE_MS;
  }

  async pause(): Promise<void> {
    if (!this.isOver) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.startMs = performance.now();
  }
}
