import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import { syncDirectory } from './durable-file.js';
import { digestFile } from './file-digest.js';
import { fileError } from './file-error.js';
import { mergeAdapters, type AppliedAdapter } from './gguf/merge-adapters.js';
import { TARGET_TYPES } from './gguf/tensor-types.js';
import { checkName } from './import-model.js';
import type { ModelCatalog } from './model-catalog.js';
import type { ModelLocation } from './model-location.js';
import type { VerificationCache } from './verification-cache.js';

/** What {@link MergeModelOptions.type} may be. */
export const MERGE_TYPES: readonly string[] = Object.keys(TARGET_TYPES);

export interface MergeModelOptions {
  /** Name to know the result by; default: that of the model with `-merged`. */
  readonly name?: string;
  /** Adapters in place of the catalogue's. */
  readonly adapters?: readonly AppliedAdapter[];
  /**
   * Type of the matrices that change, one of {@link MERGE_TYPES}; default: as they are. `q8_0` is a third larger, and the
   * fastest to evaluate on a processor.
   */
  readonly type?: string;
  readonly signal?: AbortSignal;
  readonly onBytes?: (doneBytes: number, totalBytes: number) => void;
}

/** See `ModelStore.merge`. */
export async function mergeModel(
  location: ModelLocation,
  catalog: ModelCatalog,
  cache: VerificationCache,
  options: MergeModelOptions,
): Promise<ModelEntry> {
  const { entry } = location;
  const name = options.name ?? `${entry.name}-merged`;
  checkName(name);
  if (options.type !== undefined && !MERGE_TYPES.includes(options.type)) {
    throw invalidArgument('type', `must be one of ${MERGE_TYPES.join(', ')}`);
  }
  const adapters =
    options.adapters ?? location.adapters.map(({ path, entry: { scale = 1 } }) => ({ path, scale }));
  if (adapters.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'INVALID_REQUEST',
      message: `${entry.name} has no adapter: there is nothing to merge`,
      meta: { model: entry.name },
    });
  }
  const file = `${name}.gguf`;
  const path = join(catalog.modelsDirectory, file);
  const taken = catalog.list().find((one) => one.name === name || one.file.toLowerCase() === file);
  if (taken !== undefined) {
    throw new AppError({
      kind: 'already_exists',
      reason: 'INVALID_REQUEST',
      message: `there is a model called ${taken.name} already: remove it, or choose another name`,
      meta: { model: taken.name },
    });
  }
  const draft = join(catalog.modelsDirectory, `.merge-${randomBytes(6).toString('hex')}.tmp`);
  try {
    await mkdir(dirname(draft), { recursive: true, mode: 0o700 });
    const { type, signal, onBytes } = options;
    const title = `${entry.title}, merged`.slice(0, 200);
    await mergeAdapters(location.path, adapters, draft, {
      name: title,
      ...(type !== undefined && { type }),
      ...(signal && { signal }),
      ...(onBytes && { onBytes }),
    });
    const sha256 = await digestFile(draft, { ...(signal && { signal }) });
    await rename(draft, path);
    await syncDirectory(catalog.modelsDirectory);
    await cache.remember(path, sha256);
    const merged: ModelEntry = {
      ...withoutOrigin(entry),
      name,
      title,
      description: `${entry.name} and its adapter as one file.`,
      file,
      sizeBytes: (await stat(path)).size,
      sha256,
      sources: [],
      adapters: [],
    };
    await catalog.addImported(merged);
    return merged;
  } catch (cause) {
    throw fileError(`models directory ${catalog.modelsDirectory}`, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/** What a model has in common with one that is made of it. */
function withoutOrigin({ embedded: _embedded, default: _default, ...rest }: ModelEntry): ModelEntry {
  return rest;
}
