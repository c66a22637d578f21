import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError, type LanguageModel, type ModelSpec } from '@repoformer/domain';
import { loadLanguageModel } from '@repoformer/engine';
import { resolveFormat, type FimFormat, type Placement } from '@repoformer/fim';
import { ModelStore, resolveModel } from '@repoformer/models';

export interface LabelModelOptions {
  /** Name of the catalogue, or path of a GGUF file. */
  readonly model: string;
  /** Where pulled models lie; default: the daemon's folder. */
  readonly modelsDirectory?: string;
  /** Instead of the catalogue's adapters. */
  readonly adapters?: readonly string[];
  readonly placement?: Placement;
  readonly order?: 'best-first' | 'best-last';
  /** 0: chosen from the machine. */
  readonly threads?: number;
  readonly signal: AbortSignal;
}

export interface LabelModel {
  /** Where pulled models and tuned policies lie. */
  readonly modelsDirectory: string;
  readonly spec: ModelSpec;
  readonly model: LanguageModel;
  readonly format: FimFormat;
}

/**
 * Loads a model to put holes to.
 *
 * @throws AppError failed_precondition/MODEL_UNSUPPORTED when it cannot fill in a middle; what `resolveModel` and
 * the engine report
 */
export async function openLabelModel(options: LabelModelOptions): Promise<LabelModel> {
  const { threads = 0, signal } = options;
  const modelsDirectory = options.modelsDirectory ?? join(dataHome(), 'repoformer', 'models');
  const store = await ModelStore.open({ modelsDirectory });
  const spec = await resolveModel(options.model, {
    store,
    ...(options.adapters && { adapters: options.adapters }),
    prefillThreads: threads,
    decodeThreads: threads === 0 ? 0 : 1,
    signal,
  });
  const model = await loadLanguageModel(spec, { signal });
  try {
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
    return { modelsDirectory, spec, model, format };
  } catch (error) {
    await model.close();
    throw error;
  }
}

function dataHome(): string {
  return process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share');
}
