/** Milliseconds between two lines where each one stays (no terminal). */
const LOG_INTERVAL_MS = 30_000;

/** Progress on standard error: one line that changes on a terminal, a line now and then elsewhere. */
export class ProgressLine {
  #shownAt = Number.NEGATIVE_INFINITY;
  #last = '';

  show(text: string): void {
    this.#last = text;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${text}`);
      return;
    }
    const now = performance.now();
    if (now - this.#shownAt < LOG_INTERVAL_MS) return;
    this.#shownAt = now;
    process.stderr.write(`${text}\n`);
  }

  /** A line that stays. */
  note(text: string): void {
    process.stderr.write(process.stderr.isTTY ? `\r\u001b[K${text}\n` : `${text}\n`);
  }

  end(): void {
    if (this.#last !== '') process.stderr.write(process.stderr.isTTY ? '\n' : `${this.#last}\n`);
  }
}

/**
 * How fast it goes, to stand behind what is done: `, 120 an hour, 15 min left`.
 *
 * @param perSecond undefined, and nothing to say, before anything is done
 */
export function paceOf(perSecond: number | undefined, left: number): string {
  if (perSecond === undefined) return '';
  return `, ${(perSecond * 3600).toFixed(0)} an hour${timeLeft(left, perSecond)}`;
}

/** `, 15 min left`, or nothing before anything is known. */
export function timeLeft(left: number, perSecond: number | undefined): string {
  if (perSecond === undefined || perSecond <= 0) return '';
  const minutes = Math.ceil(left / perSecond / 60);
  return minutes < 90 ? `, ${minutes} min left` : `, ${(minutes / 60).toFixed(1)} h left`;
}
