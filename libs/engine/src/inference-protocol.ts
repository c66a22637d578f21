import type {
  Copying,
  ErrorKind,
  ErrorReason,
  GenerationEnd,
  ModelInfo,
  ModelSpec,
  SamplingOptions,
} from '@repoformer/domain';

/** How the inference process is to work; fixed when it starts. */
export interface InferenceSettings {
  /** Prompt tokens evaluated between two looks at the cancel flag. */
  readonly chunkTokens: number;
}

/** An AppError as it crosses the process boundary. */
export interface Failure {
  readonly kind: ErrorKind;
  readonly reason: ErrorReason;
  readonly message: string;
}

export interface EvaluateRequest {
  readonly tokens: Int32Array;
  /** Absent: no logits are computed and `argmax` is -1. */
  readonly watch: readonly number[] | undefined;
  readonly top: number;
}

export interface ScoreRequest {
  readonly tokens: Int32Array;
  /** Index of the first token to score. */
  readonly from: number;
  readonly copying: Copying | undefined;
}

export interface GenerateRequest {
  readonly tokens: Int32Array;
  readonly forcedBytes: Uint8Array;
  readonly maxTokens: number;
  readonly sampling: SamplingOptions | undefined;
  readonly stopTokens: readonly number[];
  readonly copying: Copying | undefined;
}

/** From the daemon to the inference process. `id` names one request until its last reply. */
export type InferenceRequest =
  | { readonly type: 'load'; readonly spec: ModelSpec; readonly settings: InferenceSettings }
  | { readonly type: 'tokenize'; readonly id: number; readonly texts: readonly string[] }
  | { readonly type: 'token_bytes'; readonly id: number; readonly tokens: Int32Array }
  | ({ readonly type: 'evaluate'; readonly id: number } & EvaluateRequest)
  | ({ readonly type: 'score'; readonly id: number } & ScoreRequest)
  | ({ readonly type: 'generate'; readonly id: number } & GenerateRequest)
  /** The consumer took a piece: decode one more token. */
  | { readonly type: 'next'; readonly id: number }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'close' };

/** Progress of one request's prompt: sent after each chunk, so that it counts even if the process dies. */
export interface ProgressReply {
  readonly type: 'progress';
  readonly id: number;
  readonly reused: number;
  readonly evaluated: number;
  /** Milliseconds the evaluated tokens took. */
  readonly elapsedMs: number;
}

export interface EvaluatedReply {
  readonly type: 'evaluated';
  readonly id: number;
  readonly reused: number;
  readonly evaluated: number;
  readonly probabilities: readonly number[];
  readonly argmax: number;
  readonly top: readonly number[];
}

export interface ScoredReply {
  readonly type: 'scored';
  readonly id: number;
  readonly logProbabilities: readonly number[];
}

export interface PieceReply {
  readonly type: 'piece';
  readonly id: number;
  readonly text: string;
  readonly generatedTokens: number;
}

export interface EndedReply {
  readonly type: 'ended';
  readonly id: number;
  readonly end: GenerationEnd;
  /** Text held back until the end was known; usually empty. */
  readonly text: string;
  readonly generatedTokens: number;
}

/** From the inference process to the daemon. */
export type InferenceReply =
  | { readonly type: 'log'; readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly message: string }
  | { readonly type: 'loaded'; readonly info: ModelInfo }
  | { readonly type: 'load_failed'; readonly failure: Failure }
  | { readonly type: 'tokens'; readonly id: number; readonly tokens: readonly Int32Array[] }
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: readonly Uint8Array[] }
  | ProgressReply
  | EvaluatedReply
  | ScoredReply
  | PieceReply
  | EndedReply
  | { readonly type: 'cancelled'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly failure: Failure };

/** A reply to one request. */
export type RequestReply = Extract<InferenceReply, { readonly id: number }>;
