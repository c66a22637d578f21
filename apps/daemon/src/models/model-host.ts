import { abortError, AppError, throwIfAborted } from '@repoformer/domain';
import type { LanguageModel } from '@repoformer/domain';
import { resolveFormat } from '@repoformer/fim';
import type { ModelReport } from '@repoformer/protocol';

/** A model that the daemon is to hold. */
export interface HostedModel {
  /** As configured: a name of the catalogue or a path. */
  readonly name: string;
  readonly roles: readonly string[];
  /** Finds and loads it. */
  readonly load: (signal: AbortSignal) => Promise<LoadedModel>;
}

export interface LoadedModel {
  /** Name in the catalogue, or the file's name. */
  readonly name: string;
  readonly model: LanguageModel;
  /** FIM family that overrides the one found from the file. */
  readonly family?: string | undefined;
  /** Names of the LoRA adapters applied. */
  readonly adapters: readonly string[];
}

export interface ModelHostOptions {
  /** Told once for each model, when it is loaded or cannot be. */
  readonly onSettled?: (model: HostedModel, outcome: LoadedModel | AppError) => void;
}

interface Slot {
  readonly hosted: HostedModel;
  readonly settled: Promise<LanguageModel>;
  readonly settle: (outcome: LoadedModel | AppError) => void;
  outcome?: LoadedModel | AppError;
}

function notLoaded(name: string, cause: unknown): AppError {
  const why = cause instanceof AppError ? cause.message : 'an unexpected error, see the log';
  return new AppError({
    kind: 'unavailable',
    reason: 'MODEL_NOT_LOADED',
    message: `The model ${name} is not loaded: ${why}`,
    meta: { model: name, ...(cause instanceof AppError && { cause: cause.reason }) },
    cause,
  });
}

/** Loads the models; whoever needs one waits for it, or learns why it cannot be had. */
export class ModelHost {
  readonly #slots: readonly Slot[];
  readonly #options: ModelHostOptions;
  readonly #loading = new AbortController();
  #loads: readonly Promise<void>[] = [];

  constructor(models: readonly HostedModel[], options: ModelHostOptions = {}) {
    this.#options = options;
    this.#slots = models.map((hosted) => {
      let settle!: Slot['settle'];
      const settled = new Promise<LanguageModel>((resolve, reject) => {
        settle = (outcome) => (outcome instanceof AppError ? reject(outcome) : resolve(outcome.model));
      });
      // Whoever waits sees the failure; without anyone it is no unhandled one.
      settled.catch(() => {});
      return { hosted, settled, settle };
    });
  }

  /** Begins to load; calls made before wait. */
  start(): void {
    this.#loads = this.#slots.map((slot) =>
      this.#load(slot.hosted).then(async (outcome) => {
        if (this.#loading.signal.aborted) {
          // It arrived after all, but nobody will use it.
          if (!(outcome instanceof AppError)) await outcome.model.close();
          return;
        }
        slot.outcome = outcome;
        slot.settle(outcome);
        this.#options.onSettled?.(slot.hosted, outcome);
      }),
    );
  }

  /**
   * The model of a role, once it is loaded.
   *
   * @throws AppError unavailable/MODEL_NOT_LOADED with the reason; what the signal was aborted with.
   */
  async model(role: string, signal: AbortSignal): Promise<LanguageModel> {
    const slot = this.#slots.find(({ hosted }) => hosted.roles.includes(role));
    if (slot === undefined) throw notLoaded(role, unset(role));
    throwIfAborted(signal);
    let onAbort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(abortError(signal));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([slot.settled, aborted]);
    } finally {
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  /** Whether each model is loaded. */
  get allLoaded(): boolean {
    return this.#slots.every(({ outcome }) => outcome !== undefined && !(outcome instanceof AppError));
  }

  /** What `ListModels` tells. */
  report(): ModelReport[] {
    return this.#slots.map(({ hosted: { name, roles }, outcome }) => {
      if (outcome === undefined || outcome instanceof AppError) {
        return { name, roles, family: '', adapters: [], selfSelecting: false };
      }
      const { model, adapters } = outcome;
      const format = formatOf(model.info, outcome.family);
      return {
        name: outcome.name,
        roles,
        family: format?.family ?? '',
        adapters,
        selfSelecting: format?.decisionToken !== undefined,
        loaded: { info: model.info, counters: model.counters() },
      };
    });
  }

  /** Ends loads under way and closes the models that are loaded. */
  async close(): Promise<void> {
    this.#loading.abort(
      new AppError({ kind: 'unavailable', reason: 'SHUTTING_DOWN', message: 'The daemon is stopping.' }),
    );
    for (const { outcome, settle } of this.#slots) {
      if (outcome === undefined) settle(this.#loading.signal.reason as AppError);
    }
    await Promise.allSettled(this.#loads);
    await Promise.allSettled(
      this.#slots.map(({ outcome }) =>
        outcome === undefined || outcome instanceof AppError ? undefined : outcome.model.close(),
      ),
    );
  }

  async #load(hosted: HostedModel): Promise<LoadedModel | AppError> {
    try {
      return await hosted.load(this.#loading.signal);
    } catch (error) {
      return notLoaded(hosted.name, error);
    }
  }
}

function unset(role: string): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'MODEL_NOT_FOUND',
    message: `no ${role} model is configured`,
  });
}

/** Undefined where the model cannot be prompted with this family; completions then say why. */
function formatOf(
  info: LanguageModel['info'],
  family: string | undefined,
): ReturnType<typeof resolveFormat> | undefined {
  try {
    return resolveFormat(info, family === undefined ? {} : { family });
  } catch {
    return undefined;
  }
}
