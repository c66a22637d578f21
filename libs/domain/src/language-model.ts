/** A policy found to suit a model. */
export interface RecommendedPolicy {
  readonly policy: string;
  readonly threshold?: number;
  /** Of a fitted policy: the absolute path of its file. */
  readonly file?: string;
}

/** A model to load. Paths are absolute. */
export interface ModelSpec {
  /** Name in the catalogue, or the file's name. */
  readonly name: string;
  readonly path: string;
  readonly adapters: readonly { readonly path: string; readonly scale: number }[];
  /** FIM family by name; undefined: found from the file itself. */
  readonly family?: string;
  /** The policy that was found to suit this model, where there is one. */
  readonly recommended?: RecommendedPolicy;
  /** Absent: the model alone decides what it writes. */
  readonly copying?: CopyRule;
  readonly contextTokens: number;
  /** Threads for evaluating prompts and for generating; 0: chosen from the machine (all cores, one). */
  readonly prefillThreads: number;
  readonly decodeThreads: number;
  /** 'auto' uses a GPU where one is usable; 'none' never does. */
  readonly gpu: 'auto' | 'none';
}

/**
 * What a model is helped along to copy from. `unread`: what was retrieved and is not in the prompt, for a model that copies well
 * from what it reads; `everything`: the prompt, too.
 */
export const COPY_SOURCES = ['unread', 'everything'] as const;

/** How a model is helped along to copy while it writes. */
export interface CopyRule {
  /** See `Copying.weight`. */
  readonly weight: number;
  readonly from: (typeof COPY_SOURCES)[number];
}

/** What is known of a loaded model. */
export interface ModelInfo {
  readonly name: string;
  readonly architecture: string;
  readonly parameters: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly contextTokens: number;
  /** 'cpu', 'cuda', 'metal', 'vulkan'. */
  readonly device: string;
  /**
   * Every control token by its exact text. Only texts that the tokenizer maps to exactly that one
   * special token are listed.
   */
  readonly specialTokens: Readonly<Record<string, number>>;
  /** Token ids are 0 to this, exclusive. */
  readonly vocabularySize: number;
  /** Ids from the file's own FIM metadata, where present. */
  readonly fimTokens: { readonly prefix?: number; readonly suffix?: number; readonly middle?: number };
  /** Put before a prompt when the file says so. */
  readonly bosToken?: number;
  readonly endTokens: readonly number[];
  /** As the specification says. */
  readonly copying?: CopyRule;
  readonly metadata: { readonly name?: string; readonly basename?: string; readonly license?: string };
}

/** Counts since the model was loaded; they only grow. */
export interface EngineCounters {
  readonly evaluatedTokens: number;
  readonly generatedTokens: number;
  readonly reusedTokens: number;
  readonly requests: number;
  readonly cancelledRequests: number;
  /** Times the inference process had to be started again. */
  readonly restarts: number;
}

export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly seed: number;
}

/** The outcome of bringing the model's state to the end of a token sequence. */
export interface Evaluation {
  /** Tokens whose state was kept from before. */
  readonly reused: number;
  readonly evaluated: number;
  /** P(token) over the full vocabulary after the last token, in the order of `watch`. */
  readonly probabilities: readonly number[];
  /** The most probable next token; -1 when no `watch` was given, for then no logits are computed. */
  readonly argmax: number;
  /** P of the `top` most probable next tokens, highest first; empty when none were asked for. */
  readonly top: readonly number[];
}

/** What to learn about the next token besides bringing the state there. */
export interface EvaluateOptions {
  /** Tokens whose probability is wanted. */
  readonly watch?: readonly number[];
  /** How many of the most probable tokens' probabilities are wanted too; default 0. Needs `watch`. */
  readonly top?: number;
  readonly signal: AbortSignal;
}

export interface GenerateOptions {
  /** Tokens that lie wholly inside `forcedBytes` do not count. */
  readonly maxTokens: number;
  /**
   * Bytes that the generated text must begin with (what is typed already, backed up to a token boundary).
   * Only what goes beyond them is emitted ("token healing").
   */
  readonly forcedBytes: Uint8Array;
  /** Undefined: greedy. */
  readonly sampling?: SamplingOptions;
  /** Tokens that end generation besides the model's own end tokens. */
  readonly stopTokens: readonly number[];
  /** Only for greedy choice; undefined: the model alone decides. */
  readonly copying?: Copying;
  readonly signal: AbortSignal;
}

export interface ScoreOptions {
  /** Index of the first token that is scored. */
  readonly from: number;
  readonly copying?: Copying;
  readonly signal: AbortSignal;
}

/** Makes likelier what followed the same tokens in other passages. */
export interface Copying {
  /** What each longer match takes from what is said without it, above 0 and below 1. */
  readonly weight: number;
  /** Tokens of the text that is gone on with, up to the end of the prompt. */
  readonly before: Int32Array;
  /** Tokens of each passage that is copied from. */
  readonly passages: readonly Int32Array[];
  /** Whether `before`, and what is written behind it, is copied from, too. */
  readonly copiesItself: boolean;
}

export interface GeneratedPiece {
  /** Whole UTF-8 characters only; may be empty. */
  readonly text: string;
  /** Tokens generated beyond the forced bytes so far, this one included. */
  readonly generatedTokens: number;
}

/** How a generation ended. */
export type GenerationEnd = 'end_token' | 'max_tokens';

/** Exclusive use of a model's evaluation state, from `acquire` to `release`. */
export interface ModelLane {
  /**
   * Brings the state to exactly `tokens`, reusing the longest common prefix with the present state.
   * Cancelling takes effect within one chunk of prefill; what was evaluated is kept for the next request.
   */
  evaluate(tokens: Int32Array, options: EvaluateOptions): Promise<Evaluation>;
  /**
   * The natural log-probability of each token from index `from` on, given all tokens before it: one evaluation,
   * nothing is generated.
   *
   * @param options.from at least 1, for the first token follows nothing
   * @param options.copying as `generate` has it; undefined: of the model alone
   */
  logProbabilities(tokens: Int32Array, options: ScoreOptions): Promise<readonly number[]>;
  /**
   * Generates after `tokens` (evaluating first what the state lacks of them). Breaking out of the loop
   * stops the decoder. The generator's return value tells how it ended.
   */
  generate(tokens: Int32Array, options: GenerateOptions): AsyncGenerator<GeneratedPiece, GenerationEnd, void>;
  release(): void;
}

/**
 * One loaded model. One lane at a time: completions queue in order of arrival, a warm-up yields its lane to
 * the first completion that asks.
 */
export interface LanguageModel {
  readonly info: ModelInfo;
  /** Plain text to token ids; markers inside the text never become special tokens. */
  tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]>;
  /** The UTF-8 bytes of one token; empty for special tokens. */
  tokenBytes(tokens: Int32Array, signal?: AbortSignal): Promise<Uint8Array[]>;
  /** @throws AppError unavailable/ENGINE_CRASHED, resource_exhausted/ENGINE_BUSY, cancelled. */
  acquire(options: { priority: 'completion' | 'warm'; signal: AbortSignal }): Promise<ModelLane>;
  counters(): EngineCounters;
  /** Measured milliseconds per prefilled token on this machine; undefined before the first measurement. */
  prefillMsPerToken(): number | undefined;
  close(): Promise<void>;
}
