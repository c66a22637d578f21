import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import type { MergedEntry, ModelEntry } from './catalog-entry.js';
import { checkSpace } from './disk-space.js';
import { syncDirectory } from './durable-file.js';
import { digestFile } from './file-digest.js';
import { fileError } from './file-error.js';
import { mergeAdapters, type AppliedAdapter } from './gguf/merge-adapters.js';
import { MERGE_TYPES } from './gguf/tensor-types.js';
import { checkName } from './import-model.js';
import type { ModelCatalog } from './model-catalog.js';
import type { ModelLocation } from './model-location.js';
import type { VerificationCache } from './verification-cache.js';

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
  /** File that names the ordinary tokens to keep, one a line, as `repoformer-dataset vocabulary` writes it; default: all. */
  readonly vocabulary?: string;
  /** FIM family that the adapters were trained in; default: the model's. */
  readonly family?: string;
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
  const adapters = options.adapters ?? adaptersOf(location);
  if (adapters.length === 0 && options.vocabulary === undefined) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'INVALID_REQUEST',
      message: `${entry.name} has no adapter: there is nothing to merge`,
      meta: { model: entry.name },
    });
  }
  const file = `${name}.gguf`;
  const isTaken = (one: ModelEntry) =>
    [one.file, one.merged?.file].some((each) => each?.toLowerCase() === file) || one.name === name;
  const taken = catalog.list().find(isTaken);
  if (taken !== undefined) {
    throw new AppError({
      kind: 'already_exists',
      reason: 'INVALID_REQUEST',
      message: `there is a model called ${taken.name} already: remove it, or choose another name`,
      meta: { model: taken.name },
    });
  }
  const { type, vocabulary, family, signal, onBytes } = options;
  const written = await writeMerged(location, catalog.modelsDirectory, cache, {
    ...{ adapters, file, type, vocabulary, signal, onBytes },
  });
  try {
    const merged: ModelEntry = {
      ...withoutOrigin(entry),
      ...written,
      ...(family !== undefined && { family }),
      name,
      title: mergedTitle(entry),
      description: describeMerged(entry, adapters.length, vocabulary),
      sources: [],
      adapters: [],
    };
    await catalog.addImported(merged);
    return merged;
  } catch (cause) {
    throw fileError(`models directory ${catalog.modelsDirectory}`, cause);
  }
}

/**
 * Makes the one file that the catalogue names for a model and its adapters.
 *
 * @throws AppError data_loss/MODEL_CHECKSUM_MISMATCH when another file comes out; resource_exhausted when the disk is too
 * small; cancelled
 */
export async function mergeAsCatalogued(
  location: ModelLocation,
  merged: MergedEntry,
  modelsDirectory: string,
  cache: VerificationCache,
  { signal, onBytes }: Pick<MergeModelOptions, 'signal' | 'onBytes'>,
): Promise<void> {
  const { file, type, sizeBytes, sha256 } = merged;
  await checkSpace(modelsDirectory, sizeBytes, `${location.entry.name} with its adapter merged`);
  const adapters = adaptersOf(location);
  await writeMerged(location, modelsDirectory, cache, { adapters, file, type, sha256, signal, onBytes });
}

/** Writes beside, and then into place: there is the whole file, or none. */
async function writeMerged(
  { entry, path: modelPath }: ModelLocation,
  modelsDirectory: string,
  cache: VerificationCache,
  options: {
    readonly adapters: readonly AppliedAdapter[];
    readonly file: string;
    readonly type: string | undefined;
    readonly vocabulary?: string | undefined;
    /** Nothing else may come out. */
    readonly sha256?: string;
    readonly signal: AbortSignal | undefined;
    readonly onBytes: MergeModelOptions['onBytes'] | undefined;
  },
): Promise<Pick<ModelEntry, 'file' | 'sizeBytes' | 'sha256'>> {
  const { adapters, file, type, vocabulary, signal, onBytes } = options;
  const draft = join(modelsDirectory, `.merge-${randomBytes(6).toString('hex')}.tmp`);
  const path = join(modelsDirectory, file);
  try {
    await mkdir(modelsDirectory, { recursive: true, mode: 0o700 });
    await mergeAdapters(modelPath, adapters, draft, {
      name: mergedTitle(entry),
      ...(type !== undefined && { type }),
      ...(vocabulary !== undefined && { tokens: await readTokens(vocabulary) }),
      ...(signal && { signal }),
      ...(onBytes && { onBytes }),
    });
    const sha256 = await digestFile(draft, { ...(signal && { signal }) });
    if (options.sha256 !== undefined && sha256 !== options.sha256) {
      throw new AppError({
        kind: 'data_loss',
        reason: 'MODEL_CHECKSUM_MISMATCH',
        message: `${entry.name} and its adapter make another file than the catalogue says`,
        meta: { model: entry.name },
      });
    }
    await rename(draft, path);
    await syncDirectory(modelsDirectory);
    await cache.remember(path, sha256);
    return { file, sizeBytes: (await stat(path)).size, sha256 };
  } catch (cause) {
    throw fileError(`models directory ${modelsDirectory}`, cause);
  } finally {
    await rm(draft, { force: true });
  }
}

async function readTokens(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError(`vocabulary ${path}`, cause);
  });
  return text.split('\n').filter((line) => line !== '');
}

function describeMerged({ name }: ModelEntry, adapterCount: number, vocabulary: string | undefined): string {
  const what = adapterCount === 0 ? name : `${name} and its adapter as one file`;
  return vocabulary === undefined ? `${what}.` : `${what}, with the tokens of ${basename(vocabulary)}.`;
}

/** Part of the file: another title makes another checksum. */
function mergedTitle({ title }: ModelEntry): string {
  return `${title}, merged`.slice(0, 200);
}

function adaptersOf({ adapters }: ModelLocation): AppliedAdapter[] {
  return adapters.map(({ path, entry: { scale = 1 } }) => ({ path, scale }));
}

/** What a model has in common with one that is made of it. */
function withoutOrigin({
  embedded: _embedded,
  default: _default,
  merged: _merged,
  ...rest
}: ModelEntry): ModelEntry {
  return rest;
}
