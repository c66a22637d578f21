import type { Chunk, Hint, OpenBuffer } from './chunk.js';
import type { Decision, RetrievalMode } from './decision.js';
import type { SamplingOptions } from './language-model.js';

/** A validated completion request. Offsets and lengths are UTF-16 code units. */
export interface CompletionRequest {
  /** Id or absolute path of a registered repository; empty: none, nothing is retrieved. */
  readonly repository: string;
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Language id as editors name it; empty: from `path`. */
  readonly language: string;
  readonly mode: RetrievalMode;
  readonly threshold?: number;
  readonly maxTokens: number;
  /** 0: the stop rules decide. */
  readonly maxLines: number;
  readonly sampling?: SamplingOptions;
  readonly openBuffers: readonly OpenBuffer[];
  /** Time the client is willing to wait for the last token. */
  readonly budgetMs?: number;
  readonly session: string;
  readonly explain: boolean;
  readonly stop: readonly string[];
  readonly hints: readonly Hint[];
}

/** `used`: read by the model; `copied_from`: not read, but what is written may be copied from it. */
export type ContextOutcome =
  | 'used'
  | 'copied_from'
  | 'skipped_by_policy'
  | 'nothing_found'
  | 'index_not_ready'
  | 'timed_out'
  | 'failed'
  | 'no_repository';

export interface ContextReport {
  readonly outcome: ContextOutcome;
  /** In prompt order. */
  readonly chunks: readonly Chunk[];
  readonly indexedCommit: string | undefined;
  readonly headCommit: string | undefined;
  /** With `explain`. */
  readonly prompt?: PromptReport;
}

/** How a prompt is made up; the texts of the parts together are the prompt. */
export interface PromptReport {
  readonly family: string;
  readonly placement: string;
  readonly parts: readonly PromptPartReport[];
}

export interface PromptPartReport {
  readonly kind: 'marker' | 'literal' | 'prefix' | 'suffix' | 'context' | 'typed';
  readonly tokens: number;
  readonly text: string;
}

export type FinishReason = 'end' | 'stop_rule' | 'max_tokens' | 'budget' | 'superseded';

export interface Usage {
  readonly prompt: number;
  readonly reused: number;
  readonly context: number;
  readonly generated: number;
}

/** Wall-clock milliseconds by stage; stages may overlap. */
export interface Timings {
  readonly queueMs: number;
  readonly decideMs: number;
  readonly retrieveMs: number;
  readonly prefillMs: number;
  readonly firstTokenMs: number;
  readonly decodeMs: number;
  readonly totalMs: number;
}

/** The events of one completion, in this order: decision, context, any number of text, finished. */
export type CompletionEvent =
  | { readonly kind: 'decision'; readonly decision: Decision }
  | { readonly kind: 'context'; readonly context: ContextReport }
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'finished';
      readonly reason: FinishReason;
      readonly text: string;
      readonly usage: Usage;
      readonly timings: Timings;
    };

/** A validated request for the decision alone. */
export interface DecisionRequest {
  /** Id or absolute path of a registered repository; may be empty. */
  readonly repository: string;
  readonly path: string;
  readonly prefix: string;
  readonly suffix: string;
  /** Empty: the configured policy. */
  readonly policy: string;
  readonly threshold?: number;
}
