import {
  AppError,
  abortError,
  throwIfAborted,
  type EvaluateOptions,
  type Evaluation,
  type GeneratedPiece,
  type GenerateOptions,
  type GenerationEnd,
  type ModelLane,
  type ScoreOptions,
} from '@repoformer/domain';
import { errorOf, type InferenceClient } from './inference-client.js';
import type { InferenceRequest, RequestReply } from './inference-protocol.js';
import type { LaneTurn } from './lane-queue.js';

/** What happens in a lane, for the model's counters. */
export interface LaneObserver {
  onProgress(progress: { reused: number; evaluated: number; elapsedMs: number }): void;
  onGenerated(tokens: number): void;
  /** Once for each lane in which something was cancelled. */
  onCancelled(): void;
}

/** One holder's use of a model's evaluation state. */
export class LlamaModelLane implements ModelLane {
  readonly #client: InferenceClient;
  readonly #turn: LaneTurn;
  readonly #observer: LaneObserver;
  readonly #released = new AbortController();
  /** Aborted when the lane is released or preempted, with the error that its use then throws. */
  readonly #ended: AbortSignal;
  #busy = false;
  #cancelled = false;

  constructor(client: InferenceClient, turn: LaneTurn, observer: LaneObserver) {
    this.#client = client;
    this.#turn = turn;
    this.#observer = observer;
    this.#ended = AbortSignal.any([this.#released.signal, turn.preempted]);
  }

  async evaluate(tokens: Int32Array, { watch, top = 0, signal }: EvaluateOptions): Promise<Evaluation> {
    this.#checkPrompt(tokens);
    const call = this.#begin(signal, (id) => ({ type: 'evaluate', id, tokens, watch, top }));
    try {
      const reply = await call.reply();
      if (reply.type !== 'evaluated') throw unexpected(reply);
      const { reused, evaluated, probabilities, argmax, top: highest } = reply;
      return { reused, evaluated, probabilities, argmax, top: highest };
    } finally {
      call.end();
    }
  }

  async logProbabilities(
    tokens: Int32Array,
    { from, copying, signal }: ScoreOptions,
  ): Promise<readonly number[]> {
    this.#checkPrompt(tokens);
    const call = this.#begin(signal, (id) => ({ type: 'score', id, tokens, from, copying }));
    try {
      const reply = await call.reply();
      if (reply.type !== 'scored') throw unexpected(reply);
      return reply.logProbabilities;
    } finally {
      call.end();
    }
  }

  async *generate(
    tokens: Int32Array,
    options: GenerateOptions,
  ): AsyncGenerator<GeneratedPiece, GenerationEnd, void> {
    this.#checkPrompt(tokens);
    const { maxTokens, forcedBytes, sampling, stopTokens, copying, signal } = options;
    const request = { tokens, maxTokens, forcedBytes, sampling, stopTokens, copying };
    const call = this.#begin(signal, (id) => ({ type: 'generate', id, ...request }));
    let counted = 0;
    const count = (generatedTokens: number) => {
      this.#observer.onGenerated(generatedTokens - counted);
      counted = generatedTokens;
    };
    try {
      for (;;) {
        const reply = await call.reply();
        if (reply.type === 'piece') {
          count(reply.generatedTokens);
          yield { text: reply.text, generatedTokens: reply.generatedTokens };
          throwIfAborted(call.signal);
          call.next();
        } else if (reply.type === 'ended') {
          count(reply.generatedTokens);
          if (reply.text !== '') yield { text: reply.text, generatedTokens: reply.generatedTokens };
          return reply.end;
        } else {
          throw unexpected(reply);
        }
      }
    } finally {
      call.end();
    }
  }

  release(): void {
    this.#released.abort(
      new AppError({
        kind: 'internal',
        reason: 'INTERNAL',
        message: 'the model lane was used after its release',
      }),
    );
    this.#turn.end();
  }

  #checkPrompt(tokens: Int32Array): void {
    throwIfAborted(this.#ended);
    if (tokens.length === 0) {
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'INVALID_REQUEST',
        message: 'the prompt has no tokens',
      });
    }
    const { contextTokens } = this.#client.info;
    if (tokens.length > contextTokens) {
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'PROMPT_TOO_LARGE',
        message: `the prompt has ${tokens.length} tokens; the model's context holds ${contextTokens}`,
        meta: { tokens: String(tokens.length), contextTokens: String(contextTokens) },
      });
    }
  }

  /** Sends a request; a signal or the lane's end cancels it in the inference process. */
  #begin(signal: AbortSignal, build: (id: number) => InferenceRequest): LaneCall {
    throwIfAborted(signal);
    if (this.#busy) {
      throw new AppError({
        kind: 'internal',
        reason: 'INTERNAL',
        message: 'the model lane is in use already',
      });
    }
    this.#busy = true;
    return new LaneCall(this.#client, build, AbortSignal.any([this.#ended, signal]), this.#observer, {
      onCancelled: () => this.#markCancelled(),
      onEnd: () => {
        this.#busy = false;
      },
    });
  }

  #markCancelled(): void {
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#observer.onCancelled();
  }
}

/** One request to the inference process: its replies in order, pulled one at a time. */
class LaneCall {
  readonly signal: AbortSignal;
  readonly #client: InferenceClient;
  readonly #hooks: { onCancelled: () => void; onEnd: () => void };
  readonly #id: number;
  readonly #arrived: RequestReply[] = [];
  #finished = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(
    client: InferenceClient,
    build: (id: number) => InferenceRequest,
    signal: AbortSignal,
    observer: LaneObserver,
    hooks: { onCancelled: () => void; onEnd: () => void },
  ) {
    this.signal = signal;
    this.#client = client;
    this.#hooks = hooks;
    this.#id = client.request(build, {
      onReply: (reply) => {
        if (reply.type === 'progress') return observer.onProgress(reply);
        if (isLast(reply)) {
          this.#finished = true;
          client.forget(this.#id);
        }
        this.#arrived.push(reply);
        this.#wake?.();
      },
      onLost: (error) => {
        this.#finished = true;
        this.#error ??= error;
        this.#wake?.();
      },
    });
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** The next reply, or the error that ended the request. */
  async reply(): Promise<RequestReply> {
    while (this.#arrived.length === 0 && this.#error === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#error !== undefined) throw this.#error;
    const reply = this.#arrived.shift()!;
    if (reply.type === 'failed') throw errorOf(reply.failure);
    return reply;
  }

  next(): void {
    this.#client.send({ type: 'next', id: this.#id });
  }

  /** Stops what is still going on; its progress is counted until it has stopped. */
  end(): void {
    this.signal.removeEventListener('abort', this.#abort);
    if (!this.#finished) this.#client.cancel(this.#id);
    this.#hooks.onEnd();
  }

  readonly #abort = () => {
    this.#error ??= abortError(this.signal);
    this.#hooks.onCancelled();
    if (!this.#finished) this.#client.cancel(this.#id);
    this.#wake?.();
  };
}

function isLast(reply: RequestReply): boolean {
  return reply.type !== 'piece' && reply.type !== 'progress';
}

function unexpected(reply: RequestReply): AppError {
  return new AppError({
    kind: 'internal',
    reason: 'INTERNAL',
    message: `unexpected reply "${reply.type}" of the inference process`,
  });
}
