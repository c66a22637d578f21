import {
  AppError,
  throwIfAborted,
  type Clock,
  type CompletionEvent,
  type CompletionRequest,
  type ContextReport,
  type Decision,
  type DecisionRequest,
  type RecommendedPolicy,
  type RetrieverName,
  type SnippetRetriever,
  type Usage,
} from '@repoformer/domain';
import {
  anchorHole,
  assemblePrompt,
  assembleShared,
  describePrompt,
  prepareContext,
  visibleText,
  type CopySources,
} from '@repoformer/fim';
import {
  choosePolicy,
  type Eagerness,
  type FittedPolicy,
  type PolicyEvidence,
  type RetrievalPolicy,
} from '@repoformer/policy';
import type { AskedModel } from './ask-model.js';
import {
  decide,
  decideAtOnce,
  gatherEvidence,
  modelToAsk,
  type DecisionInput,
  type DecisionRace,
  type EvidenceSources,
} from './decide.js';
import { EventQueue } from './event-queue.js';
import {
  FormattedModels,
  languageOf,
  tokenSource,
  type FormattedModel,
  type FormattedModelsOptions,
  type ModelProvider,
} from './formatted-models.js';
import { generate } from './generation.js';
import { holeEvidence } from './hole-evidence.js';
import { LineMemory, lineKey, type RememberedLine } from './line-memory.js';
import { retrieveForCompletion, type RetrievalOutcome } from './retrieval-stage.js';
import { CompletionRun } from './run.js';
import { Sessions } from './sessions.js';

export interface CompletionOptions extends FormattedModelsOptions {
  /** How chunks are found. */
  readonly retriever: RetrieverName;
  /** Chunks asked of the retriever. */
  readonly topK: number;
  /** Longest wait for retrieval before going on without. */
  readonly retrievalTimeoutMs: number;
  /** Policy for AUTO: a name of `POLICY_NAMES`. */
  readonly policy: string;
  /** Replaces the policy's own threshold. */
  readonly threshold?: number;
  /** What the catalogue recommends for the policy's model. */
  readonly recommended?: Pick<RecommendedPolicy, 'policy' | 'threshold'>;
  /** What the policy `classifier` is. */
  readonly fitted?: FittedPolicy;
  /** How readily a fitted policy spends time on context. */
  readonly eagerness: Eagerness;
}

export interface CompletionDependencies {
  readonly retriever: SnippetRetriever;
  readonly models: ModelProvider;
  readonly clock: Clock;
  /**
   * Whether a file is one of secrets, by its path or by a text from it: it is neither completed nor shown to a
   * model as a hint.
   */
  readonly isSecret: (path: string, text: string) => boolean;
  readonly options: CompletionOptions;
}

/**
 * The use case: decide, retrieve, format, generate, stream. The three processes of the paper (decide; generate
 * without context; retrieve and generate with it) run side by side as far as one model lane allows: retrieval and
 * the decision run beside the evaluation of what the branches share.
 */
export class CompletionService {
  private readonly sessions = new Sessions();
  private readonly lines = new LineMemory();
  private readonly models: FormattedModels;

  constructor(private readonly dependencies: CompletionDependencies) {
    this.models = new FormattedModels(dependencies.models, dependencies.options);
  }

  /**
   * Streams one completion: decision, context, text, finished. Aborting the signal, or leaving the loop, stops
   * the decoder. A slow consumer does not hold the model.
   *
   * @throws AppError what the engine or the client's deadline reports; never because of retrieval
   */
  async *complete(
    request: CompletionRequest,
    signal: AbortSignal,
  ): AsyncGenerator<CompletionEvent, void, void> {
    const events = new EventQueue<CompletionEvent>();
    const run = new CompletionRun(request, signal, this.dependencies.clock, (event) => events.push(event));
    this.sessions.begin(request.session, run.controller);
    this.run(run).then(
      () => events.end(),
      (error: unknown) => events.end(run.finishEarly(error) ? undefined : error),
    );
    try {
      yield* events;
    } finally {
      this.sessions.end(request.session, run.controller);
      run.close();
    }
  }

  /** Evaluates what a completion here would begin with. Gives way to any completion. */
  async warm(request: CompletionRequest, signal: AbortSignal): Promise<Usage> {
    this.refuseSecretFile(request);
    const generator = await this.models.generator(signal);
    const { format, model } = generator;
    const hole = anchorHole(request.prefix, request.suffix);
    const parts = await this.models.prepare(generator, request, hole, signal);
    const tokens = format.sharesPrefix
      ? assembleShared(format, parts)
      : assemblePrompt(format, parts).slice(0, -1);
    if (tokens.length === 0) return { prompt: 0, reused: 0, context: 0, generated: 0 };
    const lane = await model.acquire({ priority: 'warm', signal });
    try {
      const { reused } = await lane.evaluate(tokens, { signal });
      return { prompt: tokens.length, reused, context: 0, generated: 0 };
    } finally {
      lane.release();
    }
  }

  /** The decision on its own; nothing is generated. */
  async score(
    score: DecisionRequest,
    signal: AbortSignal,
  ): Promise<{ decision: Decision; decideMs: number }> {
    const run = new CompletionRun(asRequest(score), signal, this.dependencies.clock, () => undefined);
    try {
      const input = await this.decisionInput(run, score.policy);
      const atOnce = decideAtOnce(input);
      const policy = input.policy as RetrievalPolicy;
      const { threshold } = score;
      const decision = atOnce ?? policy.decide(await this.evidenceFor(run, policy, threshold), threshold);
      throwIfAborted(run.signal);
      return { decision, decideMs: run.elapsedMs() };
    } finally {
      run.close();
    }
  }

  /** The main path, from the request to the last token. */
  private async run(run: CompletionRun): Promise<void> {
    const { request, signal } = run;
    throwIfAborted(signal);
    this.refuseSecretFile(request);
    const retrieval = this.retrieve(run);
    const input = await this.decisionInput(run, '');
    const generator = await this.models.generator(signal);
    const hole = anchorHole(request.prefix, request.suffix);
    const parts = await this.models.prepare(generator, request, hole, signal);
    const lane = await run.timed('queueMs', () =>
      generator.model.acquire({ priority: 'completion', signal }),
    );
    try {
      const line = await this.decideForLine(run, input, lineKey(request, hole.above), {
        generator,
        lane,
        parts,
        retrieval,
        describe: (outcome) => this.describe(run, generator, outcome),
        askPolicyModel: this.policyModelAsker(run),
        onDecided: (decision) => run.sendDecision(decision),
      });
      const sources = await this.sourcesFor(run, generator, line);
      const prompt = request.explain
        ? await describePrompt(generator.format, parts, sources.context, tokenSource(generator.model, signal))
        : undefined;
      run.sendContext({ ...reportContext(request, line, sources), ...(prompt && { prompt }) });
      await generate(run, { generator, lane, hole, parts, ...sources });
    } finally {
      lane.release();
    }
  }

  /** A file of secrets by its name is not shown to a model. */
  private refuseSecretFile({ path }: CompletionRequest): void {
    if (path === '' || !this.dependencies.isSecret(path, '')) return;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'SECRET_FILE',
      message: `${path} is a file of secrets by its name; it is not completed`,
    });
  }

  /** Starts retrieval, unless the request rules it out. Never rejects. */
  private retrieve(run: CompletionRun): Promise<RetrievalOutcome> {
    const { retriever, options, isSecret } = this.dependencies;
    const { request, signal } = run;
    const hints = request.hints.filter((hint) => !isSecret(hint.path, hint.text));
    const wanted =
      request.mode === 'never' ? { ...request, repository: '', hints: [] } : { ...request, hints };
    const { retriever: name, topK, retrievalTimeoutMs: timeoutMs, budgets } = options;
    const stage = { retriever: name, topK, timeoutMs, visible: visibleText(budgets) };
    return run.timed('retrieveMs', () => retrieveForCompletion(retriever, wanted, stage, signal));
  }

  /** What the decision depends on besides evidence. @param policyName empty: the configured one */
  private async decisionInput(
    { request, signal }: CompletionRun,
    policyName: string,
  ): Promise<DecisionInput> {
    const { options } = this.dependencies;
    const { format } = await this.models.policyModel(signal);
    const policy = choosePolicy({
      name: policyName || options.policy,
      ...(options.threshold !== undefined && { threshold: options.threshold }),
      ...(options.recommended && { recommended: options.recommended }),
      ...(options.fitted && { fitted: options.fitted }),
      selfSelecting: format.decisionToken !== undefined,
    });
    const canRetrieve = request.repository !== '' || request.hints.length > 0;
    return { mode: request.mode, threshold: request.threshold, policy, canRetrieve };
  }

  /** The line's remembered decision and context while they hold, or new ones. */
  private async decideForLine(
    run: CompletionRun,
    input: DecisionInput,
    key: string,
    race: DecisionRace,
  ): Promise<RememberedLine> {
    if (this.lines.has(key)) {
      const known = this.lines.find(key, await race.retrieval);
      if (known) {
        race.onDecided(known.decision);
        return known;
      }
    }
    const decision = await run.timed('prefillMs', () => decide(run, input, race));
    const line: RememberedLine = { decision, retrieval: await race.retrieval };
    this.lines.remember(key, line);
    return line;
  }

  /** The chunks that fit, as tokens: to be read, or, where the policy abstains, for a model that is helped to copy. */
  private async sourcesFor(
    { request, signal }: CompletionRun,
    { model, format }: FormattedModel,
    { decision, retrieval }: RememberedLine,
  ): Promise<CopySources> {
    const isRead = decision.outcome === 'retrieve';
    const isGreedy = (request.sampling?.temperature ?? 0) === 0;
    const isCopied = model.info.copying !== undefined && isGreedy;
    if (!(isRead || isCopied) || retrieval.chunks.length === 0) return {};
    const { contextTokens } = this.models.plan(model, request);
    const tokens = tokenSource(model, signal);
    const chunks = retrieval.chunks.slice(0, decision.chunks);
    const context = await prepareContext(format, chunks, languageOf(request), contextTokens, tokens);
    if (context.chunks.length === 0) return {};
    return isRead ? { context } : { unread: context };
  }

  /** What a fitted policy sees of a hole: nothing of it needs a model. */
  private describe(run: CompletionRun, { model }: FormattedModel, outcome: RetrievalOutcome) {
    const { contextTokens } = this.models.plan(model, run.request);
    return holeEvidence(run.request, outcome, {
      contextTokens,
      msPerToken: model.prefillMsPerToken(),
      eagerness: this.dependencies.options.eagerness,
      elapsedMs: run.elapsedMs(),
    });
  }

  /** Evidence for a decision that no completion follows. */
  private async evidenceFor(
    run: CompletionRun,
    policy: RetrievalPolicy,
    threshold: number | undefined,
  ): Promise<PolicyEvidence> {
    const retrieval = this.retrieve(run);
    // What context costs is a matter of the generator.
    const generator = policy.needs === 'features' ? await this.models.generator(run.signal) : undefined;
    const askModel = modelToAsk(
      policy,
      generator?.format.sharesPrefix ?? true,
      async (ask) => this.ask(run, await this.models.generator(run.signal), ask),
      this.policyModelAsker(run),
    );
    const describe = (outcome: RetrievalOutcome) => generator && this.describe(run, generator, outcome);
    return gatherEvidence(policy, { retrieval, describe, askModel }, threshold);
  }

  /** Asks the model that decides in place of the generator; undefined: there is none. */
  private policyModelAsker(run: CompletionRun): EvidenceSources['askModel'] {
    if (!this.models.hasPolicyModel) return undefined;
    return async (ask) => this.ask(run, await this.models.policyModel(run.signal), ask);
  }

  /** Asks a model about this hole, in a lane of its own. */
  private async ask<T>(
    { request, signal }: CompletionRun,
    asked: FormattedModel,
    question: (model: AskedModel) => Promise<T>,
  ): Promise<T> {
    const { model, format } = asked;
    const hole = anchorHole(request.prefix, request.suffix);
    const parts = await this.models.prepare(asked, request, hole, signal);
    const lane = await model.acquire({ priority: 'completion', signal });
    try {
      return await question({
        format,
        parts,
        evaluate: (tokens, options) => lane.evaluate(tokens, { ...options, signal }),
      });
    } finally {
      lane.release();
    }
  }
}

function reportContext(
  { mode, explain }: CompletionRequest,
  { decision, retrieval }: RememberedLine,
  { context, unread }: CopySources,
): ContextReport {
  const { indexedCommit, headCommit, emptyOutcome } = retrieval;
  const shown = context ?? unread;
  const chunks = (shown?.chunks ?? []).map((chunk) => (explain ? chunk : { ...chunk, text: '' }));
  const isWanted = decision.outcome === 'retrieve' || (emptyOutcome === 'no_repository' && mode !== 'never');
  const outcome = context ? 'used' : unread ? 'copied_from' : isWanted ? emptyOutcome : 'skipped_by_policy';
  return { outcome, chunks, indexedCommit, headCommit };
}

function asRequest(score: DecisionRequest): CompletionRequest {
  const { repository, path, prefix, suffix, threshold } = score;
  return {
    repository,
    path,
    prefix,
    suffix,
    ...(threshold !== undefined && { threshold }),
    language: '',
    mode: 'auto',
    maxTokens: 1,
    maxLines: 0,
    openBuffers: [],
    session: '',
    explain: false,
    stop: [],
    hints: [],
  };
}
