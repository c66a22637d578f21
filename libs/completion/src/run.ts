import {
  AppError,
  type EvaluateOptions,
  type Evaluation,
  type ModelLane,
  type Clock,
  type CompletionEvent,
  type CompletionRequest,
  type Decision,
  type ContextReport,
  type FinishReason,
  type Timings,
  type Usage,
} from '@repoformer/domain';

/** How a run ended before it was done, though not by an error. */
type EarlyEnd = Extract<FinishReason, 'budget' | 'superseded'>;

/**
 * One completion under way: its signal, what was sent, what it cost. The signal is aborted by the client, by a
 * newer request of the session, or when the budget is spent.
 */
export class CompletionRun {
  readonly controller = new AbortController();
  /** Mutable tallies of the run, read when it ends. */
  readonly usage = { prompt: 0, reused: 0, context: 0, generated: 0 };
  readonly timings = { queueMs: 0, decideMs: 0, retrieveMs: 0, prefillMs: 0, firstTokenMs: 0, decodeMs: 0 };
  /** Prompt tokens that had to be evaluated so far. */
  evaluatedTokens = 0;
  private readonly startedMs: number;
  private readonly budgetTimer: NodeJS.Timeout | undefined;
  private readonly onClientAbort: () => void;
  private decided = false;
  private contextSent = false;
  private text = '';

  constructor(
    readonly request: CompletionRequest,
    private readonly clientSignal: AbortSignal,
    private readonly clock: Clock,
    private readonly emit: (event: CompletionEvent) => void,
  ) {
    this.startedMs = clock.monotonicMs();
    this.onClientAbort = () => this.controller.abort(clientSignal.reason);
    if (clientSignal.aborted) this.onClientAbort();
    else clientSignal.addEventListener('abort', this.onClientAbort, { once: true });
    if (request.budgetMs !== undefined) {
      this.budgetTimer = setTimeout(() => this.controller.abort(budgetSpent()), request.budgetMs);
    }
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Milliseconds since the request arrived. */
  elapsedMs(): number {
    return this.clock.monotonicMs() - this.startedMs;
  }

  /** Evaluates for this run and counts what had to be evaluated. */
  async evaluate(
    lane: ModelLane,
    tokens: Int32Array,
    { watch, top, signal = this.signal }: Partial<EvaluateOptions> = {},
  ): Promise<Evaluation> {
    // A prompt of one token leaves nothing to evaluate ahead of it.
    if (tokens.length === 0) return { reused: 0, evaluated: 0, probabilities: [], argmax: -1, top: [] };
    const evaluation = await lane.evaluate(tokens, {
      ...(watch && { watch }),
      ...(top !== undefined && { top }),
      signal,
    });
    this.evaluatedTokens += evaluation.evaluated;
    return evaluation;
  }

  /** Runs a step and adds its duration to a stage. */
  async timed<T>(stage: 'queueMs' | 'retrieveMs' | 'prefillMs', step: () => Promise<T>): Promise<T> {
    const from = this.clock.monotonicMs();
    try {
      return await step();
    } finally {
      this.timings[stage] += this.clock.monotonicMs() - from;
    }
  }

  sendDecision(decision: Decision): void {
    this.decided = true;
    this.timings.decideMs = this.elapsedMs();
    this.emit({ kind: 'decision', decision });
  }

  sendContext(context: ContextReport): void {
    this.contextSent = true;
    this.emit({ kind: 'context', context });
  }

  sendText(text: string): void {
    if (text === '') return;
    if (this.text === '') this.timings.firstTokenMs = this.elapsedMs();
    this.text += text;
    this.emit({ kind: 'text', text });
  }

  sendFinished(reason: FinishReason): void {
    const timings: Timings = { ...this.timings, totalMs: this.elapsedMs() };
    const usage: Usage = { ...this.usage };
    this.emit({ kind: 'finished', reason, text: this.text, usage, timings });
  }

  /**
   * Finishes with what there is, when the run was ended by its budget or a newer request.
   *
   * @returns false when `error` is anything else
   */
  finishEarly(error: unknown): boolean {
    const reason = this.earlyEnd();
    if (!reason || !(error instanceof AppError)) return false;
    const why =
      reason === 'budget'
        ? 'the time budget was spent before the decision'
        : 'superseded before the decision';
    if (!this.decided) this.sendDecision({ outcome: 'abstain', policy: 'never', reason: why });
    if (!this.contextSent) {
      this.sendContext({
        outcome: reason === 'budget' ? 'timed_out' : 'skipped_by_policy',
        chunks: [],
        indexedCommit: undefined,
        headCommit: undefined,
      });
    }
    this.sendFinished(reason);
    return true;
  }

  /** Stops listening and timing; cancels what may still be under way. */
  close(): void {
    clearTimeout(this.budgetTimer);
    this.clientSignal.removeEventListener('abort', this.onClientAbort);
    this.controller.abort(
      new AppError({ kind: 'cancelled', reason: 'CANCELLED', message: 'the completion is over' }),
    );
  }

  private earlyEnd(): EarlyEnd | undefined {
    const cause: unknown = this.signal.reason;
    if (!(cause instanceof AppError)) return undefined;
    if (cause.reason === 'SUPERSEDED') return 'superseded';
    return cause.reason === 'DEADLINE_EXCEEDED' && !this.clientSignal.aborted ? 'budget' : undefined;
  }
}

function budgetSpent(): AppError {
  return new AppError({
    kind: 'deadline_exceeded',
    reason: 'DEADLINE_EXCEEDED',
    message: 'the time budget is spent',
  });
}
