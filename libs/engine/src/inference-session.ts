import {
  AppError,
  invalidArgument,
  type Copying,
  type GeneratedPiece,
  type GenerationEnd,
} from '@repoformer/domain';
import type { ControlledEvaluateInputItem, LlamaContextSequence, Token, TokenBias } from 'node-llama-cpp';
import { ForcedTokenBias } from './forced-token-bias.js';
import type { EvaluatedReply, EvaluateRequest, GenerateRequest, ScoreRequest } from './inference-protocol.js';
import type { LoadedModel } from './model-loader.js';
import { PlainTokenizer } from './plain-tokenizer.js';
import { PromptCopier } from './prompt-copier.js';
import { Utf8Stream } from './utf8-stream.js';

/** How a request hears that it is cancelled, and tells how far its prompt is. */
export interface Operation {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: { reused: number; evaluated: number; elapsedMs: number }) => void;
}

/** Thrown where a cancelled operation stops. */
export class OperationCancelled extends Error {}

/** Below this, a batch costs less on the decoding threads than waking all cores. */
const SMALLEST_PARALLEL_BATCH = 4;
/** llama.cpp's filter compares each token of the vocabulary with each one asked for. */
const LARGEST_FILTER = 512;

type GenerateNext = NonNullable<Extract<ControlledEvaluateInputItem, readonly unknown[]>[1]['generateNext']>;

/**
 * The one evaluation state of a loaded model, inside the inference process. Not safe for two operations at
 * once: the caller runs them one after the other.
 */
export class InferenceSession {
  readonly #loaded: LoadedModel;
  readonly #sequence: LlamaContextSequence;
  readonly #chunkTokens: number;
  readonly #endTokens: ReadonlySet<number>;
  readonly #forcedBias: ForcedTokenBias;
  readonly #tokenizer: PlainTokenizer;

  constructor(loaded: LoadedModel, chunkTokens: number) {
    this.#loaded = loaded;
    this.#sequence = loaded.sequence;
    this.#chunkTokens = chunkTokens;
    this.#endTokens = new Set(loaded.info.endTokens);
    this.#forcedBias = new ForcedTokenBias(loaded.model, loaded.vocabulary);
    this.#tokenizer = new PlainTokenizer(loaded.model, loaded.vocabulary);
  }

  tokenize(texts: readonly string[]): Int32Array[] {
    return texts.map((text) => this.#tokenizer.tokenize(text));
  }

  tokenBytes(tokens: Int32Array): Uint8Array[] {
    return Array.from(tokens, (token) => this.#loaded.vocabulary.bytesOf(token).slice());
  }

  async evaluate(
    { tokens, watch, top }: EvaluateRequest,
    operation: Operation,
  ): Promise<Omit<EvaluatedReply, 'type' | 'id'>> {
    const prompt = this.#checked(tokens);
    const watched = this.#checked(watch ?? []);
    if (watch === undefined) {
      const { reused } = await this.#prefill(prompt, operation);
      return { reused, evaluated: prompt.length - reused, probabilities: [], argmax: -1, top: [] };
    }
    if (!Number.isInteger(top) || top < 0 || top > LARGEST_FILTER) {
      throw invalidArgument('top', `must be a whole number from 0 to ${LARGEST_FILTER}`);
    }
    const { reused, next } = await this.#prefill(prompt, operation, {
      token: true,
      logits: watched.length > LARGEST_FILTER || {
        filter: { tokens: watched, includeSelected: true, includeTop: top },
      },
      totalLogitWeight: true,
    });
    const { logits, totalLogitWeight } = next;
    if (typeof next.token !== 'number' || logits === undefined || totalLogitWeight === undefined)
      throw noToken();
    const highest = logits.get(next.token)!;
    const probabilityOf = (logit: number) => Math.exp(logit - highest) / totalLogitWeight;
    return {
      reused,
      evaluated: prompt.length - reused,
      probabilities: watched.map((token) => probabilityOf(logits.get(token)!)),
      argmax: next.token,
      // The filter returns the watched tokens as well.
      top:
        top === 0
          ? []
          : [...logits.values()]
              .sort((a, b) => b - a)
              .slice(0, top)
              .map(probabilityOf),
    };
  }

  /** The log-probability of each token from `from` on, all from one evaluation. */
  async logProbabilities({ tokens, from, copying }: ScoreRequest, operation: Operation): Promise<number[]> {
    const all = this.#checked(tokens);
    const copier = this.#copierOf(copying, []);
    if (!Number.isInteger(from) || from < 1 || from > all.length) {
      throw invalidArgument('from', `must be a whole number from 1 to ${all.length}`);
    }
    // The last token's own successor is not asked for, so it need not be evaluated.
    await this.#prefill(all.slice(0, from - 1), operation);
    const scores: number[] = [];
    for (let start = from; start < all.length; start += this.#chunkTokens) {
      throwIfCancelled(operation);
      const targets = all.slice(start, start + this.#chunkTokens);
      const input = targets.map((target, index): ControlledEvaluateInputItem => {
        const logits = { filter: { tokens: [target], includeSelected: true } };
        return [all[start + index - 1]!, { generateNext: { token: true, logits, totalLogitWeight: true } }];
      });
      const { llama, prefillThreads, decodeThreads } = this.#loaded;
      const isSmall = targets.length < SMALLEST_PARALLEL_BATCH;
      llama.maxThreads = isSmall ? decodeThreads : prefillThreads.next(targets.length);
      const startedAt = performance.now();
      const outputs = await this.#sequence.controlledEvaluate(input);
      operation.onProgress({
        reused: 0,
        evaluated: targets.length,
        elapsedMs: performance.now() - startedAt,
      });
      for (const [index, target] of targets.entries()) {
        const next = outputs[index]?.next;
        if (typeof next?.token !== 'number' || !next.logits || !next.totalLogitWeight) throw noToken();
        const score =
          next.logits.get(target)! - next.logits.get(next.token)! - Math.log(next.totalLogitWeight);
        scores.push(copier?.score(target, score) ?? score);
        copier?.push(target);
      }
    }
    throwIfCancelled(operation);
    return scores;
  }

  /** Yields one piece a token and returns how it ended and the text that was still held back. */
  async *generate(
    request: GenerateRequest,
    operation: Operation,
  ): AsyncGenerator<GeneratedPiece, { end: GenerationEnd; text: string }, void> {
    const stops = new Set([...this.#endTokens, ...this.#checked(request.stopTokens)]);
    const text = new Utf8Stream();
    let generatedTokens = 0;
    const piece = (bytes: Uint8Array) => {
      generatedTokens += 1;
      return { text: text.push(bytes), generatedTokens };
    };
    // A character that the limit cuts is no text.
    const unfinished = { end: 'max_tokens', text: '' } as const;
    if (request.maxTokens <= 0) return unfinished;

    const { copying, sampling: how } = request;
    const copier = how !== undefined && how.temperature > 0 ? undefined : this.#copierOf(copying, [...stops]);
    const first = await this.#first(this.#checked(request.tokens), request, operation, copier);
    if (first.token === undefined) return unfinished;
    if (first.bytes !== undefined) {
      if (stops.has(first.token)) return { end: 'end_token', text: '' };
      yield piece(first.bytes);
    } else {
      // The last token of what was forced is evaluated by the decoder.
      operation.onProgress({ reused: 0, evaluated: 1, elapsedMs: 0 });
    }
    throwIfCancelled(operation);
    if (generatedTokens >= request.maxTokens || this.#isFull()) return unfinished;

    this.#loaded.llama.maxThreads = this.#loaded.decodeThreads;
    const sampling = samplingOf(request, first.steps);
    const tokens = copier
      ? this.#copying(first.token, sampling, copier)
      : this.#sequence.evaluate([first.token], { ...sampling, yieldEogToken: true });
    for await (const token of tokens) {
      throwIfCancelled(operation);
      if (stops.has(token)) return { end: 'end_token', text: text.finish() };
      yield piece(this.#loaded.vocabulary.bytesOf(token));
      throwIfCancelled(operation);
      if (generatedTokens >= request.maxTokens || this.#isFull()) break;
    }
    return unfinished;
  }

  #copierOf(copying: Copying | undefined, ends: readonly number[]): PromptCopier | undefined {
    if (copying === undefined) return undefined;
    if (!(copying.weight > 0 && copying.weight < 1)) {
      throw invalidArgument('copying', 'its weight must be above 0 and below 1');
    }
    const { vocabulary } = this.#loaded;
    return new PromptCopier(copying, {
      bytesOf: (token) => vocabulary.bytesOf(token),
      beforeLineEnd: (token) => vocabulary.beforeLineEnd(token),
      ends,
    });
  }

  /** Tokens after one, each chosen with what the prompt says. */
  async *#copying(
    first: Token,
    sampling: SamplingParameters,
    copier: PromptCopier,
  ): AsyncGenerator<Token, void, void> {
    for (let token = first; ;) {
      const candidates = copier.candidates();
      const generateNext = askedFor(candidates, sampling);
      const [output] = await this.#sequence.controlledEvaluate([[token, { generateNext }]]);
      token = chosenBy(copier, candidates, output?.next ?? {});
      copier.push(token);
      yield token;
    }
  }

  /** Forgets all state; for use after an evaluation that failed half-way. */
  async reset(): Promise<void> {
    await this.#sequence.clearHistory();
  }

  /**
   * Evaluates the prompt and chooses the token after it. While forced bytes remain, only tokens that agree
   * with them may be chosen, and those that they cover wholly are evaluated on the way ("token healing").
   *
   * @returns the chosen token, not evaluated yet (undefined: the context is full); its bytes beyond the
   * forced ones (undefined: it ends with them); the number of choices made.
   */
  async #first(
    prompt: Token[],
    request: GenerateRequest,
    operation: Operation,
    copier: PromptCopier | undefined,
  ): Promise<FirstToken> {
    let forced = request.forcedBytes;
    let input = prompt;
    for (let steps = 0; ; steps += 1) {
      const tokenBias = forced.length > 0 ? this.#forcedBias.towards(forced) : undefined;
      if (forced.length > 0 && tokenBias === undefined)
        return await this.#feed(input, forced, operation, steps, copier);
      const sampling = { ...samplingOf(request, steps), tokenBias };
      const candidates = copier?.candidates((token) => this.#agrees(token, forced)) ?? [];
      const choose = copier ? askedFor(candidates, sampling) : { token: true as const, options: sampling };
      const { next } = await this.#prefill(input, operation, choose, steps > 0);
      if (typeof next.token !== 'number') throw noToken();
      const token = copier ? chosenBy(copier, candidates, next) : next.token;
      copier?.push(token);
      const bytes = this.#loaded.vocabulary.bytesOf(token);
      const chosen = { token, steps: steps + 1 };
      if (bytes.length > forced.length || forced.length === 0) {
        return { ...chosen, bytes: bytes.subarray(forced.length) };
      }
      // Without bytes it would not agree with what is forced: the logits are not numbers.
      if (bytes.length === 0) throw noToken();
      forced = forced.subarray(bytes.length);
      if (forced.length === 0) return this.#isFull() ? { steps } : chosen;
      if (this.#isFull()) return { steps };
      input = [...input, token];
    }
  }

  /** Whether a token begins with the forced bytes, or they with it; a marker does not where there are any. */
  #agrees(token: number, forced: Uint8Array): boolean {
    const bytes = this.#loaded.vocabulary.bytesOf(token);
    if (bytes.length === 0) return forced.length === 0;
    return bytes.subarray(0, forced.length).every((byte, index) => byte === forced[index]);
  }

  /** Only a vocabulary without byte tokens gets here: what is typed is fed as it tokenises. */
  async #feed(
    input: Token[],
    forced: Uint8Array,
    operation: Operation,
    steps: number,
    copier: PromptCopier | undefined,
  ): Promise<FirstToken> {
    const rest = Array.from(this.#tokenizer.tokenize(new TextDecoder().decode(forced))) as Token[];
    const all = [...input, ...rest];
    if (all.length > this.#loaded.info.contextTokens) return { steps };
    for (const token of rest) copier?.push(token);
    await this.#prefill(all.slice(0, -1), operation, undefined, steps > 0);
    return { token: all.at(-1)!, steps };
  }

  /**
   * Brings the state to exactly `tokens`: keeps the longest common prefix with the present state and
   * evaluates the rest in chunks, looking for a cancel between them.
   *
   * @param generateNext what to compute after the last token; that token is then always evaluated.
   * @param continuing whether this operation made the state itself: then keeping it is no reuse.
   */
  async #prefill(
    tokens: Token[],
    operation: Operation,
    generateNext?: GenerateNext,
    continuing = false,
  ): Promise<{ reused: number; next: ControlledNext }> {
    throwIfCancelled(operation);
    await this.#sequence.adaptStateToTokens(generateNext ? tokens.slice(0, -1) : tokens, false);
    const reused = this.#sequence.nextTokenIndex;
    if (!continuing) operation.onProgress({ reused, evaluated: 0, elapsedMs: 0 });
    let next: ControlledNext = {};
    for (let start = reused; start < tokens.length; start += this.#chunkTokens) {
      throwIfCancelled(operation);
      const chunk = tokens.slice(start, start + this.#chunkTokens);
      const { llama, prefillThreads, decodeThreads } = this.#loaded;
      const small = chunk.length < SMALLEST_PARALLEL_BATCH;
      const threads = small ? decodeThreads : prefillThreads.next(chunk.length);
      llama.maxThreads = threads;
      const startedAt = performance.now();
      if (generateNext !== undefined && start + chunk.length === tokens.length) {
        const input: ControlledEvaluateInputItem[] = [
          ...chunk.slice(0, -1),
          [chunk.at(-1)!, { generateNext }],
        ];
        next = (await this.#sequence.controlledEvaluate(input)).at(-1)?.next ?? {};
      } else {
        await this.#sequence.evaluateWithoutGeneratingNewTokens(chunk);
      }
      const elapsedMs = performance.now() - startedAt;
      prefillThreads.record(threads, chunk.length, elapsedMs);
      operation.onProgress({ reused: 0, evaluated: chunk.length, elapsedMs });
    }
    throwIfCancelled(operation);
    return { reused, next };
  }

  /** Whether there is no room to evaluate one more token. */
  #isFull(): boolean {
    return this.#sequence.nextTokenIndex >= this.#loaded.info.contextTokens;
  }

  #checked(tokens: ArrayLike<number>): Token[] {
    const { size } = this.#loaded.vocabulary;
    return Array.from(tokens, (token) => {
      if (Number.isInteger(token) && token >= 0 && token < size) return token as Token;
      throw invalidArgument('tokens', `${token} is no token of this model`);
    });
  }
}

type ControlledNext = NonNullable<
  Awaited<ReturnType<LlamaContextSequence['controlledEvaluate']>>[number]
>['next'];

/** What a copier needs to know of the next token. */
function askedFor(candidates: number[], options: SamplingParameters): GenerateNext {
  const filter = { tokens: candidates as Token[], includeSelected: true };
  return { token: true, options, logits: { filter }, totalLogitWeight: true };
}

function chosenBy(
  copier: PromptCopier,
  candidates: readonly number[],
  { token, logits, totalLogitWeight }: ControlledNext,
): Token {
  if (typeof token !== 'number' || logits === undefined || totalLogitWeight === undefined) throw noToken();
  const highest = logits.get(token)!;
  const probabilityOf = (each: number) => Math.exp(logits.get(each as Token)! - highest) / totalLogitWeight;
  return copier.choose(token, candidates, probabilityOf) as Token;
}

interface FirstToken {
  readonly token?: Token;
  readonly bytes?: Uint8Array;
  readonly steps: number;
}

/** Sampling parameters; each choice has a sampler of its own and therefore gets a seed of its own. */
function samplingOf({ sampling }: GenerateRequest, step: number): SamplingParameters {
  if (sampling === undefined) return { temperature: 0 };
  const { temperature, topK, topP, seed } = sampling;
  return { temperature, topK, topP, seed: (seed + Math.imul(step, 0x9e3779b1)) >>> 0 };
}

interface SamplingParameters {
  temperature: number;
  topK?: number;
  topP?: number;
  seed?: number;
  tokenBias?: TokenBias;
}

function throwIfCancelled({ signal }: Operation): void {
  if (signal.aborted) throw new OperationCancelled();
}

function noToken(): AppError {
  return new AppError({ kind: 'internal', reason: 'INTERNAL', message: 'the model gave no next token' });
}
