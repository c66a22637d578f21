import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  abortError,
  AppError,
  throwIfAborted,
  type Evaluation,
  type GenerationEnd,
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

/** What answers a request; several pieces, one of all others. */
export type Reply =
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

/** One request: its replies in order, pulled one at a time. */
export interface Call {
  next(): Promise<Reply>;
  /** Stops what is still going on. */
  end(): void;
}

/** The Python process and the requests that it is at. */
export class TorchProcess {
  readonly #calls = new Map<number, { readonly replies: Reply[]; wake: () => void }>();
  #nextId = 1;
  #lost: AppError | undefined;
  #stderr = '';

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {}

  static async start(
    spec: ModelSpec,
    { python, device, threads, signal }: TorchOptions,
  ): Promise<TorchProcess> {
    throwIfAborted(signal);
    const child = spawn(
      python,
      [
        ...['-m', 'repoformer_trainer.serve_engine', spec.path],
        ...['--context-tokens', String(spec.contextTokens), '--device', device, '--threads', String(threads)],
      ],
      { cwd: TRAINER, stdio: 'pipe' },
    );
    const process = new TorchProcess(child);
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
