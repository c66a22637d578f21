import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, abortError, throwIfAborted, type ModelSpec } from '@repoformer/domain';
import { InferenceClient, type ClientOptions, type EngineLog } from './inference-client.js';

/** When a process that keeps dying is started again. */
export interface RestartPolicy {
  /** A process that lived this long did not die at once. */
  readonly healthyAfterMs: number;
  /** So many quick deaths in a row, and it stays down until it is asked for again. */
  readonly quickDeaths: number;
  /** Wait before the second restart in a row; doubled for each one more. The first comes at once. */
  readonly backoffMs: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = {
  healthyAfterMs: 10_000,
  quickDeaths: 5,
  backoffMs: 200,
};

type StartOptions = Omit<ClientOptions, 'signal'>;

/** Keeps one inference process alive for as long as its model is loaded. */
export class InferenceSupervisor {
  readonly #spec: ModelSpec;
  readonly #options: StartOptions;
  readonly #policy: RestartPolicy;
  readonly #log: EngineLog;
  readonly #closing = new AbortController();
  /** The process, or its start that is under way. A failed start stays here as the reason. */
  #current: Promise<InferenceClient>;
  #down = false;
  #processId: number | undefined;
  #restarts = 0;
  #quickDeaths = 0;

  constructor(spec: ModelSpec, first: InferenceClient, options: StartOptions, policy: RestartPolicy) {
    this.#spec = spec;
    this.#options = options;
    this.#policy = policy;
    this.#log = options.log;
    this.#current = Promise.resolve(first);
    this.#watch(first);
  }

  get processId(): number | undefined {
    return this.#processId;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /**
   * The process, once it is up. One that stays down is started once more.
   *
   * @throws AppError with the reason for which it does not come up; cancelled.
   */
  async client(signal?: AbortSignal): Promise<InferenceClient> {
    throwIfAborted(signal);
    if (this.#closing.signal.aborted) throw abortError(this.#closing.signal);
    if (this.#down) this.#restart(0);
    if (signal === undefined) return await this.#current;
    let leave = () => {};
    const cancelled = new Promise<never>((_, reject) => {
      leave = () => reject(abortError(signal));
      signal.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([this.#current, cancelled]);
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /** Ends the process within the deadline, whatever it is doing. */
  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort(
      new AppError({
        kind: 'unavailable',
        reason: 'MODEL_NOT_LOADED',
        message: 'the model has been unloaded',
      }),
    );
    const client = await this.#current.catch(() => undefined);
    await client?.close(deadlineMs);
  }

  #watch(client: InferenceClient): void {
    const startedAt = performance.now();
    this.#processId = client.processId;
    void client.exited.then((how) => {
      this.#processId = undefined;
      if (this.#closing.signal.aborted) return;
      const quick = performance.now() - startedAt < this.#policy.healthyAfterMs;
      this.#quickDeaths = quick ? this.#quickDeaths + 1 : 1;
      this.#log('error', `inference process of ${this.#spec.name} ended: ${how}`);
      if (this.#quickDeaths >= this.#policy.quickDeaths) {
        this.#stayDown(`it died ${this.#quickDeaths} times in a row, last by: ${how}`);
      } else {
        const delayMs = this.#quickDeaths <= 1 ? 0 : this.#policy.backoffMs * 2 ** (this.#quickDeaths - 2);
        this.#restart(delayMs);
      }
    });
  }

  #restart(delayMs: number): void {
    this.#down = false;
    this.#restarts += 1;
    const { signal } = this.#closing;
    const start = async (): Promise<InferenceClient> => {
      if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => throwIfAborted(signal));
      return await InferenceClient.start(this.#spec, { ...this.#options, signal });
    };
    this.#current = start();
    this.#current.then(
      (client) => {
        this.#log('info', `inference process of ${this.#spec.name} is up again`);
        this.#watch(client);
      },
      (error: unknown) => {
        if (signal.aborted) return;
        // Loading fails the same way each time: whoever asks next tries again and hears the reason.
        this.#down = true;
        this.#log('error', `inference process of ${this.#spec.name} cannot be restarted: ${String(error)}`);
      },
    );
  }

  #stayDown(why: string): void {
    this.#down = true;
    this.#quickDeaths = 0;
    const message = `the inference process of ${this.#spec.name} stays down: ${why}`;
    this.#log('error', message);
    this.#current = Promise.reject(new AppError({ kind: 'unavailable', reason: 'ENGINE_CRASHED', message }));
    this.#current.catch(() => undefined);
  }
}
