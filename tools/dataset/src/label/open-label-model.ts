import { join } from 'node:path';
import { defaultDataDir } from '@repoformer/config';
import { AppError, type LanguageModel, type ModelSpec } from '@repoformer/domain';
import { loadLanguageModel } from '@repoformer/engine';
import { resolveFormat, type FimFormat, type Placement } from '@repoformer/fim';
import { ModelStore, resolveModel } from '@repoformer/models';
import { thisMachine } from '../this-machine.js';
import { TorchLanguageModel } from './torch-model.js';
import type { TorchOptions } from './torch-process.js';

export interface LabelModelOptions {
  /** Name of the catalogue, or path of a GGUF file. */
  readonly model: string;
  /** Where pulled models lie; default: the daemon's folder. */
  readonly modelsDirectory?: string;
  /** Instead of the catalogue's adapters. */
  readonly adapters?: readonly string[];
  /** Instead of the one that the catalogue names, or that is recognised from the file. */
  readonly family?: string;
  readonly placement?: Placement;
  readonly order?: 'best-first' | 'best-last';
  /** For evaluating prompts; 0: chosen from the machine. */
  readonly threads?: number;
  /** For writing; default: one. */
  readonly decodeThreads?: number;
  /** Default `auto`. */
  readonly gpu?: 'auto' | 'none';
  /** Default: what the catalogue says of the model. */
  readonly contextTokens?: number;
  /** Evaluate by PyTorch instead of llama.cpp, many holes at a time. */
  readonly torch?: Omit<TorchOptions, 'signal'>;
  readonly signal: AbortSignal;
}

export interface LabelModel {
  /** Where pulled models and tuned policies lie. */
  readonly modelsDirectory: string;
  readonly spec: ModelSpec;
  readonly model: LanguageModel;
  readonly format: FimFormat;
  /** Holes that can be put to it at a time. */
  readonly lanes: number;
}

/**
 * Loads a model to put holes to.
 *
 * @throws AppError failed_precondition/MODEL_UNSUPPORTED when it cannot fill in a middle; what `resolveModel` and
 * the engine report
 */
export async function openLabelModel(options: LabelModelOptions): Promise<LabelModel> {
  const { threads = 0, decodeThreads = threads === 0 ? 0 : 1, gpu, contextTokens, torch, signal } = options;
  const modelsDirectory =
    options.modelsDirectory ?? join(defaultDataDir(thisMachine(), process.env), 'models');
  const store = await ModelStore.open({ modelsDirectory });
  const spec = await resolveModel(options.model, {
    store,
    ...(options.adapters && { adapters: options.adapters }),
    ...(options.family !== undefined && { family: options.family }),
    ...(gpu && { gpu }),
    ...(contextTokens !== undefined && { contextTokens }),
    prefillThreads: threads,
    decodeThreads,
    signal,
  });
  let model: LanguageModel = await loadLanguageModel(spec, { signal });
  try {
    if (torch) model = await TorchLanguageModel.start(model, spec, { ...torch, signal });
    const { family } = spec;
    const { placement, order } = options;
    const found = resolveFormat(model.info, { ...(family && { family }), ...(placement && { placement }) });
    if (!found.single.includes('suffix')) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'MODEL_UNSUPPORTED',
        message: `${spec.name} has no fill-in-the-middle tokens: it cannot complete between two texts; choose a model that can`,
      });
    }
    const { withContext } = found;
    const format = order
      ? { ...found, withContext: { ...withContext, chunk: { ...withContext.chunk, order } } }
      : found;
    return { modelsDirectory, spec, model, format, lanes: torch?.lanes ?? 1 };
  } catch (error) {
    await model.close();
    throw error;
  }
}
