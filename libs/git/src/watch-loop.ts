export interface WatchLoopOptions {
  /** Waits this long after an event for the others that belong to it. */
  readonly debounceMs: number;
  /** Events that keep coming delay a check by at most this. */
  readonly maxDelayMs: number;
  /** Checks at least this often, events or not. */
  readonly pollMs: number;
}

/**
 * Runs a check after events and from time to time, never two at once, until the signal is aborted. Its
 * timers do not keep the process alive. `check` may fail: the next one follows all the same.
 * @returns what to call when something has happened.
 */
export function watchLoop(
  check: () => Promise<void>,
  signal: AbortSignal,
  options: WatchLoopOptions,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let firstEventMs: number | undefined;
  let running = false;

  const schedule = (delayMs: number): void => {
    clearTimeout(timer);
    if (!signal.aborted) timer = setTimeout(() => void run(), delayMs).unref();
  };
  const run = async (): Promise<void> => {
    running = true;
    firstEventMs = undefined;
    await check().catch(() => undefined);
    running = false;
    schedule(firstEventMs === undefined ? options.pollMs : options.debounceMs);
  };
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  schedule(options.pollMs);

  return () => {
    const now = performance.now();
    firstEventMs ??= now;
    if (running) return;
    const leftMs = firstEventMs + options.maxDelayMs - now;
    schedule(Math.max(0, Math.min(options.debounceMs, leftMs)));
  };
}
