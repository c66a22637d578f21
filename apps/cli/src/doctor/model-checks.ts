import { AppError } from '@repoformer/domain';
import { isModelPath } from '@repoformer/config';
import type { Config } from '@repoformer/config';
import { formatBytes } from '../render/units.js';
import { fail, ok, warn } from './check.js';
import type { CheckResult } from './check.js';

/** Whether the files of a model are here and the right ones. */
export async function checkModel(
  model: string,
  config: Config,
  signal: AbortSignal,
  onBytes: (doneBytes: number) => void,
): Promise<CheckResult> {
  const name = 'model';
  try {
    const { ModelStore, readGgufHeader } = await import('@repoformer/models');
    if (isModelPath(model)) {
      const { sizeBytes } = await readGgufHeader(model);
      return ok(name, `${model} (${formatBytes(sizeBytes)})`);
    }
    const store = await ModelStore.open({ modelsDirectory: config.modelsDir });
    const { entry, state, path, problem, adapters, merged, partialBytes } = await store.locate(model, {
      signal,
      onBytes,
    });
    const pull = `repoformer model pull ${entry.name}`;
    if (state === 'absent') {
      const begun = partialBytes > 0 ? `; ${formatBytes(partialBytes)} of it are here` : '';
      return fail(name, `${entry.name} (${formatBytes(entry.sizeBytes)}) is not here${begun}`, pull);
    }
    if (state === 'corrupt') return fail(name, `${path}: ${problem ?? 'damaged'}`, pull);
    const broken = adapters.find((adapter) => adapter.state !== 'present');
    if (broken !== undefined) {
      return fail(
        name,
        `the adapter ${broken.path} ${broken.state === 'absent' ? 'is missing' : (broken.problem ?? 'is damaged')}`,
        'restore it: it comes with the program',
      );
    }
    if (merged !== undefined && merged.state !== 'present') {
      return warn(name, `${entry.name} at ${path}: not merged with its adapter, and slower for it`, pull);
    }
    return ok(name, `${entry.name} at ${(merged ?? { path }).path}, checksum right`);
  } catch (error) {
    if (!(error instanceof AppError) || error.kind === 'cancelled') throw error;
    return fail(name, error.message, 'repoformer model list');
  }
}
