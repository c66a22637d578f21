import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AppError, abortError, throwIfAborted, type ModelInfo, type ModelSpec } from '@repoformer/domain';
import type {
  Failure,
  InferenceReply,
  InferenceRequest,
  InferenceSettings,
  RequestReply,
} from './inference-protocol.js';

/** Where the engine's own log lines go; messages hold no source text. */
export type EngineLog = (level: 'debug' | 'info' | 'warn' | 'error', message: string) => void;

/** Replies to one request, in order; ends the request when `done` is called. */
export interface ReplyHandler {
  onReply(reply: RequestReply): void;
  /** The process died, or was closed: no reply will come. */
  onLost(error: AppError): void;
}

export interface ClientOptions {
  readonly settings: InferenceSettings;
  readonly startTimeoutMs: number;
  /** How long a question, or a cancelled request, may go on before the process counts as stuck. */
  readonly stuckTimeoutMs: number;
  readonly log: EngineLog;
  readonly signal: AbortSignal | undefined;
}

const STDERR_TAIL_CHARACTERS = 2_000;
const STDERR_GRACE_MS = 200;

/** The built file, also when this module runs from its TypeScript source (tests). */
const PROCESS_FILE = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../dist/inference-process.js' : './inference-process.js',
    import.meta.url,
  ),
);

/** One inference process with its model loaded. */
export class InferenceClient {
  readonly info: ModelInfo;
  /** Resolves with a description once the process is gone. */
  readonly exited: Promise<string>;
  readonly #child: ChildProcess;
  readonly #handlers: Map<number, ReplyHandler>;
  readonly #stuckTimers = new Map<number, NodeJS.Timeout>();
  readonly #stuckTimeoutMs: number;
  readonly #log: EngineLog;
  #nextId = 1;
  #lost: AppError | undefined;

  private constructor(
    child: ChildProcess,
    info: ModelInfo,
    exited: Promise<string>,
    handlers: Map<number, ReplyHandler>,
    { stuckTimeoutMs, log }: ClientOptions,
  ) {
    this.#stuckTimeoutMs = stuckTimeoutMs;
    this.#log = log;
    this.#child = child;
    this.info = info;
    this.exited = exited;
    this.#handlers = handlers;
  }

  /**
   * Starts the process and loads the model.
   *
   * @throws AppError as {@link Failure} says; unavailable/ENGINE_CRASHED when the process dies;
   * deadline_exceeded/ENGINE_UNAVAILABLE; cancelled.
   */
  static async start(spec: ModelSpec, options: ClientOptions): Promise<InferenceClient> {
    throwIfAborted(options.signal);
    const child = fork(PROCESS_FILE, [], {
      serialization: 'advanced',
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A decode step runs on libuv's pool; it must never queue behind file reads of a model load.
      env: { ...process.env, UV_THREADPOOL_SIZE: '8' },
    });
    const handlers = new Map<number, ReplyHandler>();
    const exited = describeExit(child);
    let client: InferenceClient | undefined;
    let stop = () => {};
    try {
      const info = await new Promise<ModelInfo>((resolve, reject) => {
        const cancel = () => reject(abortError(options.signal!));
        const timer = setTimeout(
          () => reject(startTimeout(spec, options.startTimeoutMs)),
          options.startTimeoutMs,
        );
        options.signal?.addEventListener('abort', cancel, { once: true });
        stop = () => {
          clearTimeout(timer);
          options.signal?.removeEventListener('abort', cancel);
        };
        void exited.then((how) => reject(diedLoading(spec, how)));
        child.on('message', (message) => {
          const reply = message as InferenceReply;
          if (reply.type === 'log') options.log(reply.level, reply.message);
          else if (reply.type === 'loaded') resolve(reply.info);
          else if (reply.type === 'load_failed') reject(errorOf(reply.failure));
          else handlers.get(reply.id)?.onReply(reply);
        });
        child.send(
          { type: 'load', spec, settings: options.settings } satisfies InferenceRequest,
          ignoreSendError,
        );
      });
      client = new InferenceClient(child, info, exited, handlers, options);
      void exited.then((how) => client!.#lose(crashed(how)));
      return client;
    } finally {
      stop();
      if (client === undefined) child.kill('SIGKILL');
    }
  }

  get processId(): number {
    return this.#child.pid!;
  }

  /** Whether requests can be sent. */
  get alive(): boolean {
    return this.#lost === undefined;
  }

  /** Sends a request under a fresh id; the handler gets its replies until {@link forget}. */
  request(build: (id: number) => InferenceRequest, handler: ReplyHandler): number {
    const id = this.#nextId;
    this.#nextId += 1;
    if (this.#lost !== undefined) {
      handler.onLost(this.#lost);
      return id;
    }
    this.#handlers.set(id, handler);
    this.send(build(id));
    return id;
  }

  /** Sends a message about a request that is under way. */
  send(message: InferenceRequest): void {
    if (this.#lost === undefined) this.#child.send(message, ignoreSendError);
  }

  /** Asks for an end of the request, and limits the time until it comes. */
  cancel(id: number): void {
    if (this.#stuckTimers.has(id) || !this.#handlers.has(id)) return;
    this.send({ type: 'cancel', id });
    this.limit(id);
  }

  /** From now on the request must end soon. A process that lets it go on is stuck, and is killed. */
  limit(id: number): void {
    if (this.#stuckTimers.has(id) || !this.#handlers.has(id)) return;
    const kill = () => {
      this.#log(
        'error',
        `the inference process did not answer within ${this.#stuckTimeoutMs} ms and is killed`,
      );
      this.#child.kill('SIGKILL');
    };
    this.#stuckTimers.set(id, setTimeout(kill, this.#stuckTimeoutMs).unref());
  }

  /** The request has had its last reply. */
  forget(id: number): void {
    this.#handlers.delete(id);
    clearTimeout(this.#stuckTimers.get(id));
    this.#stuckTimers.delete(id);
  }

  /** Ends the process: politely, then by SIGKILL after `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    this.send({ type: 'close' });
    this.#lose(
      new AppError({
        kind: 'unavailable',
        reason: 'MODEL_NOT_LOADED',
        message: 'the model has been unloaded',
      }),
    );
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), deadlineMs);
    await this.exited;
    clearTimeout(timer);
  }

  #lose(error: AppError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    for (const timer of this.#stuckTimers.values()) clearTimeout(timer);
    const handlers = [...this.#handlers.values()];
    this.#handlers.clear();
    for (const handler of handlers) handler.onLost(error);
  }
}

/** The AppError a failure of the inference process stands for. */
export function errorOf(failure: Failure): AppError {
  return new AppError(failure);
}

function describeExit(child: ChildProcess): Promise<string> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_TAIL_CHARACTERS);
  });
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      const last = stderr.trim().split('\n').at(-1);
      resolve(`${signal ? `killed by ${signal}` : `exit code ${code}`}${last ? ` (${last})` : ''}`);
    };
    child.on('close', ended);
    // Something else that holds the pipe open must not hide the death.
    child.on('exit', (code, signal) => setTimeout(ended, STDERR_GRACE_MS, code, signal).unref());
  });
}

function crashed(how: string): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'ENGINE_CRASHED',
    message: `the inference process ended unexpectedly: ${how}; it is started again by itself, retry the request`,
  });
}

function diedLoading(spec: ModelSpec, how: string): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'ENGINE_CRASHED',
    message: `the inference process died while it loaded ${spec.name}: ${how}; the file may be damaged, or memory short`,
  });
}

function startTimeout(spec: ModelSpec, timeoutMs: number): AppError {
  return new AppError({
    kind: 'deadline_exceeded',
    reason: 'ENGINE_UNAVAILABLE',
    message: `model ${spec.name} was not loaded within ${timeoutMs} ms`,
  });
}

/** A channel that closes under a message: the exit that follows tells the story. */
function ignoreSendError(): void {}
