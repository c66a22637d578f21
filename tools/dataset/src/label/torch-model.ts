import {
  AppError,
  throwIfAborted,
  type EvaluateOptions,
  type Evaluation,
  type GeneratedPiece,
  type GenerateOptions,
  type GenerationEnd,
  type LanguageModel,
  type ModelLane,
  type ModelSpec,
  type Copying,
  type ScoreOptions,
} from '@repoformer/domain';
import { TorchProcess, type Reply, type TorchOptions } from './torch-process.js';

/**
 * A model evaluated by PyTorch, many holes at a time (`tools/trainer`): several times the labels of llama.cpp in the
 * same time, but no milliseconds that mean anything. Tokens and what else is known of the model come from `base`, the
 * same file in llama.cpp.
 */
export class TorchLanguageModel implements LanguageModel {
  readonly #free: number[];
  readonly #waiting: (() => void)[] = [];

  private constructor(
    private readonly base: LanguageModel,
    private readonly process: TorchProcess,
    lanes: number,
  ) {
    this.#free = Array.from({ length: lanes }, (_, lane) => lane);
  }

  /**
   * Starts the process; closing the model ends it, and closes `base`.
   *
   * @throws AppError failed_precondition/MODEL_UNSUPPORTED when adapters are not merged; unavailable/ENGINE_UNAVAILABLE
   * with what Python said; cancelled
   */
  static async start(
    base: LanguageModel,
    spec: ModelSpec,
    options: TorchOptions,
  ): Promise<TorchLanguageModel> {
    if (spec.adapters.length > 0) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'MODEL_UNSUPPORTED',
        message: `PyTorch evaluates one file, and ${spec.name} has an adapter beside it: run \`repoformer model merge ${spec.name}\` and name what it writes`,
      });
    }
    const process = await TorchProcess.start(spec, options);
    return new TorchLanguageModel(base, process, options.lanes);
  }

  get info() {
    return this.base.info;
  }

  tokenize(texts: readonly string[], signal?: AbortSignal): Promise<Int32Array[]> {
    return this.base.tokenize(texts, signal);
  }

  tokenBytes(tokens: Int32Array, signal?: AbortSignal): Promise<Uint8Array[]> {
    return this.base.tokenBytes(tokens, signal);
  }

  async acquire({ signal }: { readonly signal: AbortSignal }): Promise<ModelLane> {
    while (this.#free.length === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    throwIfAborted(signal);
    const lane = this.#free.shift()!;
    return new TorchLane(this.process, lane, this.info.endTokens, () => {
      this.#free.unshift(lane);
      this.#waiting.shift()?.();
    });
  }

  counters() {
    return this.base.counters();
  }

  prefillMsPerToken(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    await this.process.close();
    await this.base.close();
  }
}

class TorchLane implements ModelLane {
  constructor(
    private readonly process: TorchProcess,
    private readonly lane: number,
    private readonly endTokens: readonly number[],
    private readonly onRelease: () => void,
  ) {}

  async evaluate(tokens: Int32Array, { watch, top = 0, signal }: EvaluateOptions): Promise<Evaluation> {
    const request = { type: 'evaluate', tokens: [...tokens], watch, top };
    const {
      reused,
      evaluated,
      probabilities,
      argmax,
      top: highest,
    } = await this.#ask('evaluated', request, signal);
    return { reused, evaluated, probabilities, argmax, top: highest };
  }

  async logProbabilities(
    tokens: Int32Array,
    { from, copying, signal }: ScoreOptions,
  ): Promise<readonly number[]> {
    const request = { type: 'score', tokens: [...tokens], from, copying: asJson(copying) };
    return (await this.#ask('scored', request, signal)).logProbabilities;
  }

  async *generate(
    tokens: Int32Array,
    { maxTokens, forcedBytes, sampling, stopTokens, copying, signal }: GenerateOptions,
  ): AsyncGenerator<GeneratedPiece, GenerationEnd, void> {
    if (sampling) throw new Error('completions are written greedily here');
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    const call = this.process.request(
      this.lane,
      {
        type: 'generate',
        tokens: [...tokens],
        maxTokens,
        forced: Buffer.from(forcedBytes).toString('hex'),
        stopTokens: [...this.endTokens, ...stopTokens],
        copying: asJson(copying),
      },
      signal,
    );
    try {
      for (let generatedTokens = 0; ;) {
        const reply = await call.next();
        if (reply.type === 'piece') {
          ({ generatedTokens } = reply);
          yield { text: decoder.decode(Buffer.from(reply.bytes, 'hex'), { stream: true }), generatedTokens };
        } else if (reply.type === 'ended') {
          // A character that the limit cuts is no text.
          const rest = reply.end === 'end_token' ? decoder.decode() : '';
          if (rest !== '') yield { text: rest, generatedTokens };
          return reply.end;
        } else throw unexpected(reply);
      }
    } finally {
      call.end();
    }
  }

  release(): void {
    this.onRelease();
  }

  async #ask<T extends Reply['type']>(
    type: T,
    request: object,
    signal: AbortSignal,
  ): Promise<Extract<Reply, { type: T }>> {
    const call = this.process.request(this.lane, request, signal);
    try {
      const reply = await call.next();
      if (reply.type === type) return reply as Extract<Reply, { type: T }>;
      throw unexpected(reply);
    } finally {
      call.end();
    }
  }
}

function asJson(copying: Copying | undefined) {
  return (
    copying && {
      ...copying,
      before: [...copying.before],
      passages: copying.passages.map((passage) => [...passage]),
    }
  );
}

function unexpected(reply: Reply): AppError {
  return new AppError({
    kind: 'internal',
    reason: 'INTERNAL',
    message: `unexpected reply "${reply.type}" of the PyTorch process`,
  });
}
