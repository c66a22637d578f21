/** Smaller batches say too little about speed. */
const SMALLEST_SAMPLE_TOKENS = 32;
/** Of the time spent evaluating, at most one part in so many goes into trying the slower choice again. */
const TRIAL_SHARE = 20;

interface Choice {
  readonly threads: number;
  /** Undefined before the first sample. */
  msPerToken: number | undefined;
}

/**
 * Chooses between all cores and one for evaluating prompts, by what was measured.
 *
 * llama.cpp's threads wait for each other by spinning. On an idle machine all cores are best; beside a
 * compiler or a test suite they were seen to be six times slower than one thread alone.
 */
export class PrefillThreads {
  #better: Choice;
  #worse: Choice | undefined;
  /** Time spent on the better choice since the other one was last tried. */
  #sinceTrialMs = 0;

  /** @param alternative tried now and then; absent: there is nothing to choose. */
  constructor(preferred: number, alternative?: number) {
    this.#better = { threads: preferred, msPerToken: undefined };
    if (alternative !== undefined && alternative !== preferred) {
      this.#worse = { threads: alternative, msPerToken: undefined };
    }
  }

  /** The number of threads for the next batch. */
  next(tokens: number): number {
    const worse = this.#worse;
    if (worse === undefined || tokens < SMALLEST_SAMPLE_TOKENS || this.#better.msPerToken === undefined) {
      return this.#better.threads;
    }
    if (worse.msPerToken === undefined) return worse.threads;
    const excessMs = (worse.msPerToken - this.#better.msPerToken) * tokens;
    return this.#sinceTrialMs >= excessMs * TRIAL_SHARE ? worse.threads : this.#better.threads;
  }

  record(threads: number, tokens: number, elapsedMs: number): void {
    if (tokens < SMALLEST_SAMPLE_TOKENS || this.#worse === undefined) return;
    const tried = threads === this.#better.threads ? this.#better : this.#worse;
    const sample = elapsedMs / tokens;
    if (tried === this.#better) {
      tried.msPerToken = ((tried.msPerToken ?? sample) + sample) / 2;
      this.#sinceTrialMs += elapsedMs;
    } else {
      // A trial is rare: only what it says now counts.
      tried.msPerToken = sample;
      this.#sinceTrialMs = 0;
    }
    const { msPerToken: worse } = this.#worse;
    if (worse !== undefined && worse < this.#better.msPerToken!) {
      [this.#better, this.#worse] = [this.#worse, this.#better];
      this.#sinceTrialMs = 0;
    }
  }
}
