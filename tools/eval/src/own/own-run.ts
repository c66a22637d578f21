import type { ResolvedConfig } from '@repoformer/config';
import { DEFAULT_RUN_SETTINGS, type LabelModelOptions, type RunSettings } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';

/** Chunks that holes of a dataset have at most. */
const MOST_CHUNKS = 6;

/** The model as the daemon would load it and put prompts to it. */
export function ownModelOptions({ config, origins }: ResolvedConfig): Omit<LabelModelOptions, 'signal'> {
  const { model, modelsDir, adapter, family, placement, prefillThreads, decodeThreads, gpu } = config;
  return {
    model,
    modelsDirectory: modelsDir,
    ...(adapter.length > 0 && { adapters: adapter }),
    ...(family !== undefined && { family }),
    ...(placement !== 'auto' && { placement }),
    // Where nobody set it, the catalogue knows better what suits a model.
    ...(origins['context-tokens'].kind !== 'default' && { contextTokens: config.contextTokens }),
    threads: prefillThreads,
    decodeThreads,
    gpu,
  };
}

/**
 * The daemon's budgets, and as many chunks as they hold of the size that indexed windows have.
 *
 * @throws AppError failed_precondition where there is no budget for context
 */
export function ownRunSettings({ config }: ResolvedConfig): RunSettings {
  const { prefixTokens, suffixTokens, retrievedTokens, topK } = config;
  if (retrievedTokens === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message:
        'retrieved-tokens is 0, so that the daemon never shows the model any context: there is nothing to measure; set it to 512, say',
    });
  }
  const { budgets, maxChunks } = DEFAULT_RUN_SETTINGS;
  const held = Math.ceil((maxChunks * retrievedTokens) / budgets.contextTokens);
  return {
    ...DEFAULT_RUN_SETTINGS,
    budgets: { prefixTokens, suffixTokens, contextTokens: retrievedTokens },
    maxChunks: Math.min(held, topK, MOST_CHUNKS),
    completions: 'all',
  };
}
