const SAMPLES = 31;
/** Below this, the fixed cost of a call hides the cost of a token. */
const SMALLEST_SAMPLE_TOKENS = 32;

/**
 * Milliseconds per prefilled token on this machine: the median of the last chunks, so that one chunk that
 * met a busy machine does not count.
 */
export class PrefillRate {
  readonly #samples: number[] = [];

  add(tokens: number, elapsedMs: number): void {
    if (tokens < SMALLEST_SAMPLE_TOKENS || !(elapsedMs > 0)) return;
    this.#samples.push(elapsedMs / tokens);
    if (this.#samples.length > SAMPLES) this.#samples.shift();
  }

  /** Undefined before the first chunk of at least 32 tokens. */
  msPerToken(): number | undefined {
    if (this.#samples.length === 0) return undefined;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[sorted.length >> 1];
  }
}
