import {
  abortError,
  throwIfAborted,
  type EngineCounters,
  type LanguageModel,
  type ModelInfo,
  type ModelLane,
} from '@repoformer/domain';
import { errorOf, type InferenceClient } from './inference-client.js';
import type { InferenceRequest, RequestReply } from './inference-protocol.js';
import type { InferenceSupervisor } from './inference-supervisor.js';
import { LaneQueue, type LanePriority } from './lane-queue.js';
import { LlamaModelLane } from './model-lane.js';
import { PrefillRate } from './prefill-rate.js';

/** Three batches: one reads the file, one tries the other number of threads, one tells the speed. */
const REHEARSAL_TOKENS = 384;

type Answer<T extends RequestReply['type']> = Extract<RequestReply, { type: T }>;

/** A GGUF model evaluated by llama.cpp in a process of its own. */
export class LlamaLanguageModel implements LanguageModel {
  readonly info: ModelInfo;
  readonly #supervisor: InferenceSupervisor;
  readonly #queue: LaneQueue;
  readonly #closeTimeoutMs: number;
  readonly #prefillRate = new PrefillRate();
  readonly #counts = {
    evaluatedTokens: 0,
    generatedTokens: 0,
    reusedTokens: 0,
    requests: 0,
    cancelledRequests: 0,
  };

  constructor(
    info: ModelInfo,
    supervisor: InferenceSupervisor,
    options: { queueLimit: number; closeTimeoutMs: number },
  ) {
    this.info = info;
    this.#supervisor = supervisor;
    this.#queue = new LaneQueue(options.queueLimit);
    this.#closeTimeoutMs = options.closeTimeoutMs;
  }

  async tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]> {
    const reply = await this.#ask('tokens', (id) => ({ type: 'tokenize', id, texts }), signal);
    return [...reply.tokens];
  }

  async tokenBytes(tokens: Int32Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    const reply = await this.#ask('bytes', (id) => ({ type: 'token_bytes', id, tokens }), signal);
    return [...reply.bytes];
  }

  async acquire({ priority, signal }: { priority: LanePriority; signal: AbortSignal }): Promise<ModelLane> {
    let cancelled = false;
    const onCancelled = () => {
      cancelled = true;
      this.#counts.cancelledRequests += 1;
    };
    this.#counts.requests += 1;
    try {
      const turn = await this.#queue.enter(priority, signal);
      try {
        const client = await this.#supervisor.client(AbortSignal.any([signal, turn.preempted]));
        return new LlamaModelLane(client, turn, {
          onProgress: ({ reused, evaluated, elapsedMs }) => {
            this.#counts.reusedTokens += reused;
            this.#counts.evaluatedTokens += evaluated;
            this.#prefillRate.add(evaluated, elapsedMs);
          },
          onGenerated: (tokens) => {
            this.#counts.generatedTokens += tokens;
          },
          onCancelled,
        });
      } catch (error) {
        turn.end();
        throw error;
      }
    } catch (error) {
      if (signal.aborted && !cancelled) onCancelled();
      throw error;
    }
  }

  /**
   * Evaluates a few batches of no meaning, so that the first request finds the file in memory, the number of threads
   * chosen and the speed known. Counts nothing, and gives way to the first completion.
   *
   * @throws AppError aborted/SUPERSEDED where it gave way; as `acquire` does.
   */
  async rehearse(signal: AbortSignal): Promise<void> {
    const { contextTokens, vocabularySize } = this.info;
    const length = Math.min(REHEARSAL_TOKENS, contextTokens);
    const tokens = Int32Array.from({ length }, (_, at) => at % vocabularySize);
    const turn = await this.#queue.enter('warm', signal);
    try {
      const client = await this.#supervisor.client(AbortSignal.any([signal, turn.preempted]));
      const lane = new LlamaModelLane(client, turn, {
        onProgress: ({ evaluated, elapsedMs }) => this.#prefillRate.add(evaluated, elapsedMs),
        onGenerated: () => undefined,
        onCancelled: () => undefined,
      });
      await lane.evaluate(tokens, { watch: [0], signal });
    } finally {
      turn.end();
    }
  }

  /** The inference process, for people who look at the machine; undefined while it is down. */
  get processId(): number | undefined {
    return this.#supervisor.processId;
  }

  counters(): EngineCounters {
    return { ...this.#counts, restarts: this.#supervisor.restarts };
  }

  prefillMsPerToken(): number | undefined {
    return this.#prefillRate.msPerToken();
  }

  async close(): Promise<void> {
    await this.#supervisor.close(this.#closeTimeoutMs);
  }

  /**
   * One question, one answer; needs no lane. A question depends on nothing that came before, so the next process
   * answers as well as one that died under it.
   */
  async #ask<T extends RequestReply['type']>(
    type: T,
    build: (id: number) => InferenceRequest,
    signal?: AbortSignal,
  ): Promise<Answer<T>> {
    const client = await this.#supervisor.client(signal);
    try {
      return await askOf(client, type, build, signal);
    } catch (error) {
      if (client.alive || signal?.aborted) throw error;
      return await askOf(await this.#supervisor.client(signal), type, build, signal);
    }
  }
}

/** Asks one process. Who stops waiting leaves the question behind: a process that never answers it is stuck. */
async function askOf<T extends RequestReply['type']>(
  client: InferenceClient,
  type: T,
  build: (id: number) => InferenceRequest,
  signal: AbortSignal | undefined,
): Promise<Answer<T>> {
  throwIfAborted(signal);
  let leave = () => {};
  try {
    return await new Promise<Answer<T>>((resolve, reject) => {
      leave = () => reject(abortError(signal!));
      signal?.addEventListener('abort', leave, { once: true });
      const id = client.request(build, {
        onReply: (reply) => {
          client.forget(id);
          if (reply.type === 'failed') reject(errorOf(reply.failure));
          else if (reply.type === type) resolve(reply as Answer<T>);
        },
        onLost: reject,
      });
      client.limit(id);
    });
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}
