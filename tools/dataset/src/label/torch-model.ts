import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  abortError,
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
} from '@repoformer/domain';

const TRAINER = fileURLToPath(new URL('../../../trainer', import.meta.url));
const STDERR_TAIL_CHARACTERS = 2_000;
const START_TIMEOUT_MS = 300_000;

export interface TorchOptions {
  /** A Python that has the packages of tools/trainer. */
  readonly python: string;
  /** 'cpu' or 'cuda'. */
  readonly device: string;
  /** 0: PyTorch's choice. Where anything else runs beside it, one process a core with one thread each is faster. */
  readonly threads: number;
  /** Holes that may be under way at a time. */
  readonly lanes: number;
  readonly signal: AbortSignal;
}

type Reply =
  | ({ readonly type: 'evaluated' } & Evaluation)
  | { readonly type: 'scored'; readonly logProbabilities: readonly number[] }
  | { readonly type: 'piece'; readonly bytes: string; readonly generatedTokens: number }
  | { readonly type: 'ended'; readonly end: GenerationEnd }
  | { readonly type: 'failed'; readonly message: string };

/** What the process says: replies to requests, and before them whether it has its model. */
type Message =
  | (Reply & { readonly id: number })
  | { readonly type: 'ready' }
  | { readonly type: 'refused'; readonly message: string };

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
    private readonly process: EngineProcess,
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
    const process = await EngineProcess.start(spec, options);
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
    private readonly process: EngineProcess,
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
    { from, signal }: { readonly from: number; readonly signal: AbortSignal },
  ): Promise<readonly number[]> {
    return (await this.#ask('scored', { type: 'score', tokens: [...tokens], from }, signal)).logProbabilities;
  }

  async *generate(
    tokens: Int32Array,
    { maxTokens, forcedBytes, sampling, stopTokens, signal }: GenerateOptions,
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

/** One request: its replies in order, pulled one at a time. */
interface Call {
  next(): Promise<Reply>;
  /** Stops what is still going on. */
  end(): void;
}

/** The Python process and the requests that it is at. */
class EngineProcess {
  readonly #calls = new Map<number, { readonly replies: Reply[]; wake: () => void }>();
  #nextId = 1;
  #lost: AppError | undefined;
  #stderr = '';

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {}

  static async start(
    spec: ModelSpec,
    { python, device, threads, signal }: TorchOptions,
  ): Promise<EngineProcess> {
    throwIfAborted(signal);
    const child = spawn(
      python,
      [
        ...['-m', 'repoformer_trainer.serve_engine', spec.path],
        ...['--context-tokens', String(spec.contextTokens), '--device', device, '--threads', String(threads)],
      ],
      { cwd: TRAINER, stdio: 'pipe' },
    );
    const process = new EngineProcess(child);
    await process.#started(signal);
    return process;
  }

  request(lane: number, request: object, signal: AbortSignal): Call {
    throwIfAborted(signal);
    if (this.#lost) throw this.#lost;
    const id = this.#nextId++;
    const call = { replies: [] as Reply[], wake: () => undefined as void };
    this.#calls.set(id, call);
    const onAbort = () => call.wake();
    signal.addEventListener('abort', onAbort);
    this.#send({ id, lane, ...request });
    let isOver = false;
    return {
      next: async () => {
        while (call.replies.length === 0) {
          if (signal.aborted) throw abortError(signal);
          if (this.#lost) throw this.#lost;
          await new Promise<void>((resolve) => (call.wake = resolve));
        }
        const reply = call.replies.shift()!;
        isOver = reply.type !== 'piece';
        if (reply.type === 'failed') {
          throw new AppError({
            kind: 'invalid_argument',
            reason: 'PROMPT_TOO_LARGE',
            message: reply.message,
          });
        }
        return reply;
      },
      end: () => {
        signal.removeEventListener('abort', onAbort);
        this.#calls.delete(id);
        if (!isOver && !this.#lost) this.#send({ type: 'cancel', request: id });
      },
    };
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill();
    await once(this.child, 'exit');
  }

  #send(message: object): void {
    this.child.stdin.write(`${JSON.stringify(message)}\n`);
  }

  /** Resolves when the model is loaded. */
  async #started(signal: AbortSignal): Promise<void> {
    const { child } = this;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_TAIL_CHARACTERS);
    });
    // What is written to a process that is gone is reported by its end.
    child.stdin.on('error', () => undefined);
    try {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(unavailable('it did not start in time')), START_TIMEOUT_MS);
        const onAbort = () => reject(abortError(signal));
        signal.addEventListener('abort', onAbort, { once: true });
        const settle = (outcome: () => void) => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          outcome();
        };
        child.on('error', (error) => settle(() => reject(unavailable(error.message))));
        child.on('exit', () => {
          this.#lost = unavailable(this.#stderr.trim() || 'it ended');
          for (const { wake } of this.#calls.values()) wake();
          settle(() => reject(this.#lost!));
        });
        createInterface({ input: child.stdout }).on('line', (line) => {
          const message = JSON.parse(line) as Message;
          if (message.type === 'ready') settle(resolve);
          else if (message.type === 'refused') settle(() => reject(unavailable(message.message)));
          else {
            const call = this.#calls.get(message.id);
            call?.replies.push(message);
            call?.wake();
          }
        });
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }
}

function unavailable(message: string): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'ENGINE_UNAVAILABLE',
    message: `PyTorch cannot evaluate the model: ${message}; tools/trainer/README.md says what it needs`,
  });
}

function unexpected(reply: Reply): AppError {
  return new AppError({
    kind: 'internal',
    reason: 'INTERNAL',
    message: `unexpected reply "${reply.type}" of the PyTorch process`,
  });
}
