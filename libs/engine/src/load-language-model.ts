import { AppError, invalidArgument, type ModelSpec } from '@repoformer/domain';
import { InferenceClient, type EngineLog } from './inference-client.js';
import { DEFAULT_RESTART_POLICY, InferenceSupervisor, type RestartPolicy } from './inference-supervisor.js';
import { LlamaLanguageModel } from './llama-language-model.js';
import { checkModelFile } from './model-file.js';

/** How {@link loadLanguageModel} works; everything has a default. */
export interface LoadOptions {
  /** Ends the load; the process that was started for it is killed. */
  readonly signal?: AbortSignal;
  /** Default: nowhere. */
  readonly log?: EngineLog;
  /** Prompt tokens between two looks for a cancel; also llama.cpp's batch. Default 128. */
  readonly chunkTokens?: number;
  /** Requests that may wait for the model. Default 16. */
  readonly queueLimit?: number;
  /** Default 120,000. */
  readonly startTimeoutMs?: number;
  /**
   * How long a question or a cancelled request may go on before its process is killed; more than a chunk takes.
   * Default 60,000.
   */
  readonly stuckTimeoutMs?: number;
  /** How long the process may take to end by itself before it is killed. Default 2,000. */
  readonly closeTimeoutMs?: number;
  readonly restart?: Partial<RestartPolicy>;
}

const SMALLEST_CONTEXT_TOKENS = 64;

/**
 * Loads a GGUF model in a process of its own. Never downloads and never builds anything.
 *
 * @throws AppError not_found/MODEL_NOT_FOUND; failed_precondition/MODEL_INVALID, MODEL_UNSUPPORTED or
 * ENGINE_UNAVAILABLE; resource_exhausted/ENGINE_UNAVAILABLE (memory); unavailable/ENGINE_CRASHED;
 * deadline_exceeded/ENGINE_UNAVAILABLE; invalid_argument; cancelled.
 */
export async function loadLanguageModel(
  spec: ModelSpec,
  options: LoadOptions = {},
): Promise<LlamaLanguageModel> {
  checkSpec(spec);
  await checkModelFile(spec.path, 'model');
  for (const adapter of spec.adapters) await checkModelFile(adapter.path, 'adapter');
  const start = {
    settings: { chunkTokens: options.chunkTokens ?? 128 },
    startTimeoutMs: options.startTimeoutMs ?? 120_000,
    stuckTimeoutMs: options.stuckTimeoutMs ?? 60_000,
    log: options.log ?? (() => undefined),
  };
  const client = await InferenceClient.start(spec, { ...start, signal: options.signal });
  const supervisor = new InferenceSupervisor(spec, client, start, {
    ...DEFAULT_RESTART_POLICY,
    ...options.restart,
  });
  return new LlamaLanguageModel(client.info, supervisor, {
    queueLimit: options.queueLimit ?? 16,
    closeTimeoutMs: options.closeTimeoutMs ?? 2_000,
  });
}

function checkSpec(spec: ModelSpec): void {
  if (!Number.isInteger(spec.contextTokens) || spec.contextTokens < SMALLEST_CONTEXT_TOKENS) {
    throw invalidArgument('contextTokens', `must be a whole number of at least ${SMALLEST_CONTEXT_TOKENS}`);
  }
  for (const field of ['prefillThreads', 'decodeThreads'] as const) {
    if (!Number.isInteger(spec[field]) || spec[field] < 0) {
      throw invalidArgument(field, 'must be a whole number, 0 for the default');
    }
  }
  if (spec.adapters.some(({ scale }) => !Number.isFinite(scale))) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'INVALID_REQUEST',
      message: 'adapters: each scale must be a finite number',
    });
  }
}
