import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError, AppError } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import { fileError } from './file-error.js';
import { acquireFileLock, tryFileLock } from './file-lock.js';
import { importModel, type ImportOptions } from './import-model.js';
import { ModelCatalog, type CatalogLocations } from './model-catalog.js';
import { mergeAsCatalogued, mergeModel, type MergeModelOptions } from './merge-model.js';
import { locateModel, type LocateOptions, type ModelLocation } from './model-location.js';
import { ProgressMeter, type ProgressListener } from './progress-meter.js';
import { discardDownload, pullModel, type DownloadSettings } from './pull-model.js';
import { VerificationCache } from './verification-cache.js';

export interface PullOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Uses only what is here already. */
  readonly offline?: boolean;
  /** Told why model and adapter could not be merged into one file; the model works all the same, only slower. */
  readonly onMergeProblem?: (problem: unknown) => void;
}

export interface VerifyResult {
  readonly location: ModelLocation;
  /** Whether the model and all its adapters are the files of the catalogue. */
  readonly ok: boolean;
}

/** The model files of one user: finds, downloads, imports, checks and removes them. */
export class ModelStore {
  readonly catalog: ModelCatalog;
  readonly #cache: VerificationCache;
  readonly #settings: DownloadSettings;

  private constructor(catalog: ModelCatalog, settings: DownloadSettings) {
    this.catalog = catalog;
    this.#cache = new VerificationCache(join(catalog.modelsDirectory, '.verified'));
    this.#settings = settings;
  }

  /** Opens a models directory, which need not exist. Throws what {@link ModelCatalog.load} throws. */
  static async open(
    locations: CatalogLocations & { readonly download?: DownloadSettings },
  ): Promise<ModelStore> {
    return new ModelStore(await ModelCatalog.load(locations), locations.download ?? {});
  }

  /**
   * Where a model is, and whether it is intact. Hashes a file that has not been hashed since it was last
   * modified; a file that has been costs one `stat`.
   *
   * @throws AppError not_found/MODEL_NOT_FOUND for a name that is not in the catalogue; cancelled.
   */
  async locate(name: string, options: LocateOptions = {}): Promise<ModelLocation> {
    return locateModel(this.catalog.get(name), this.catalog, this.#cache, options);
  }

  /**
   * Makes a model present: returns at once when it is, downloads it otherwise, and merges it with its adapters where the
   * catalogue says so. Of several processes that pull the same model, one does it and the others wait.
   *
   * @throws AppError not_found/MODEL_NOT_FOUND; unavailable/MODEL_DOWNLOAD_FAILED;
   * data_loss/MODEL_CHECKSUM_MISMATCH; resource_exhausted/MODEL_DOWNLOAD_FAILED (disk); cancelled, after which
   * the next pull goes on where this one ended.
   */
  async pull(name: string, options: PullOptions = {}): Promise<ModelLocation> {
    return this.#merged(await this.#download(name, options), options);
  }

  async #download(name: string, options: PullOptions): Promise<ModelLocation> {
    const { signal = new AbortController().signal } = options;
    const found = await this.locate(name, { signal });
    checkAdapters(found);
    if (found.state === 'present') return found;
    checkPullable(found, options.offline ?? false);
    const { entry } = found;
    const path = join(this.catalog.modelsDirectory, entry.file);
    const meter = new ProgressMeter(options.onProgress, entry.sizeBytes);
    try {
      await mkdir(this.catalog.modelsDirectory, { recursive: true, mode: 0o700 });
      const onWait = () => meter.enter('waiting', '', 0);
      const lock = await acquireFileLock(lockPath(path), { signal, onWait });
      try {
        const now = await this.locate(name, { signal });
        if (now.state === 'present') return now;
        if (now.state === 'corrupt' && !now.bundled) await rm(now.path, { force: true });
        await pullModel(entry, path, meter, signal, this.#settings);
        await this.#cache.remember(path, entry.sha256);
        return await this.locate(name, { signal });
      } finally {
        await lock.release();
      }
    } catch (cause) {
      if (signal.aborted) throw abortError(signal);
      throw fileError(`models directory ${this.catalog.modelsDirectory}`, cause);
    }
  }

  /** A model that is present, merged with its adapters if that is wanted and can be done. */
  async #merged(location: ModelLocation, options: PullOptions): Promise<ModelLocation> {
    const { merged } = location.entry;
    if (merged === undefined || location.merged?.state === 'present') return location;
    const { signal = new AbortController().signal, onProgress, onMergeProblem } = options;
    const { modelsDirectory } = this.catalog;
    const meter = new ProgressMeter(onProgress, merged.sizeBytes);
    const locate = () => this.locate(location.entry.name, { signal });
    try {
      const onWait = () => meter.enter('waiting', '', 0);
      const path = lockPath(join(modelsDirectory, merged.file));
      await mkdir(modelsDirectory, { recursive: true, mode: 0o700 });
      const lock = await acquireFileLock(path, { signal, onWait });
      try {
        const now = await locate();
        if (now.merged?.state === 'present') return now;
        meter.enter('merging', '', 0);
        const onBytes = (doneBytes: number, totalBytes: number) =>
          meter.update(Math.floor((merged.sizeBytes * doneBytes) / Math.max(1, totalBytes)));
        await mergeAsCatalogued(now, merged, modelsDirectory, this.#cache, { signal, onBytes });
        return await locate();
      } finally {
        await lock.release();
      }
    } catch (cause) {
      if (signal.aborted) throw abortError(signal);
      onMergeProblem?.(cause);
      return location;
    }
  }

  /**
   * Takes a GGUF file into the models directory. One that the catalogue names (by its SHA-256) becomes that
   * model; another becomes a new entry of the user's catalogue.
   *
   * @throws AppError not_found/MODEL_NOT_FOUND; failed_precondition/MODEL_INVALID;
   * data_loss/MODEL_CHECKSUM_MISMATCH; already_exists; cancelled.
   */
  async importFile(path: string, options: ImportOptions = {}): Promise<ModelLocation> {
    const entry = await importModel(path, this.catalog, this.#cache, options);
    return this.locate(entry.name);
  }

  /**
   * Writes a model and its adapters as one file of the models directory, and a new entry of the user's catalogue for
   * it, with the model's family, policy and context length: no adapter costs anything at run time.
   *
   * @throws AppError not_found/MODEL_NOT_FOUND; data_loss/MODEL_CHECKSUM_MISMATCH;
   * failed_precondition/MODEL_INVALID for an adapter of another model; failed_precondition/INVALID_REQUEST where there is
   * none; already_exists; invalid_argument; cancelled.
   */
  async merge(name: string, options: MergeModelOptions = {}): Promise<ModelLocation> {
    const location = await this.locate(name, { ...(options.signal && { signal: options.signal }) });
    if (location.state !== 'present') throw notPresent(location);
    if (options.adapters === undefined) checkAdapters(location);
    const entry = await mergeModel(location, this.catalog, this.#cache, options);
    return this.locate(entry.name);
  }

  /** Reads every file of a model in full and compares its SHA-256 with the catalogue. */
  async verify(name: string, options: Omit<LocateOptions, 'fresh'> = {}): Promise<VerifyResult> {
    const location = await this.locate(name, { ...options, fresh: true });
    const isRight = [location, ...location.adapters].every(({ state }) => state === 'present');
    // It may be lacking, but not be another file.
    return { location, ok: isRight && location.merged?.state !== 'corrupt' };
  }

  /**
   * Deletes a model's file and what downloads of it left; an imported model is forgotten too. Adapters stay.
   *
   * @returns whether there was anything to delete.
   * @throws AppError not_found/MODEL_NOT_FOUND; failed_precondition/INVALID_REQUEST for a model that comes with
   * the program, or is being downloaded.
   */
  async remove(name: string): Promise<boolean> {
    const { entry, state, partialBytes, bundled, merged } = await this.locate(name);
    const path = join(this.catalog.modelsDirectory, entry.file);
    if (bundled) throw refused(`${entry.name} comes with the program and cannot be removed`);
    const isImported = this.catalog.isImported(entry.name);
    const isNothing = [state, merged?.state ?? 'absent'].every((each) => each === 'absent');
    if (isNothing && partialBytes === 0 && !isImported) return false;
    try {
      await mkdir(this.catalog.modelsDirectory, { recursive: true, mode: 0o700 });
      const lock = await tryFileLock(lockPath(path));
      if (lock === undefined) throw refused(`${entry.name} is being downloaded: stop that first`);
      try {
        if (isImported) await this.catalog.removeImported(entry.name);
        await rm(path, { force: true });
        if (entry.merged) await rm(join(this.catalog.modelsDirectory, entry.merged.file), { force: true });
        await discardDownload(path);
        return true;
      } finally {
        await lock.release();
      }
    } catch (cause) {
      throw fileError(`model file ${path}`, cause);
    }
  }

  /**
   * The entry whose file this is, judged by size and SHA-256 rather than by name.
   *
   * @throws AppError not_found or permission_denied/MODEL_NOT_FOUND; cancelled.
   */
  async identify(path: string, sizeBytes: number, signal?: AbortSignal): Promise<ModelEntry | undefined> {
    const candidates = this.catalog.list().filter((entry) => entry.sizeBytes === sizeBytes);
    if (candidates.length === 0) return undefined;
    const sha256 = await this.#cache.digest(path, { signal });
    return candidates.find((entry) => entry.sha256 === sha256);
  }
}

function lockPath(path: string): string {
  return `${path}.lock`;
}

function checkAdapters(location: ModelLocation): void {
  const broken = location.adapters.find(({ state }) => state !== 'present');
  if (broken === undefined) return;
  throw adapterError(location.entry.name, broken);
}

/** The error for an adapter that is not there or not the right one. */
export function adapterError(name: string, adapter: ModelLocation['adapters'][number]): AppError {
  const missing = adapter.state === 'absent';
  return new AppError({
    kind: missing ? 'not_found' : 'data_loss',
    reason: missing ? 'MODEL_NOT_FOUND' : 'MODEL_CHECKSUM_MISMATCH',
    message:
      `the adapter of ${name}, ${adapter.path}, ${missing ? 'is missing' : (adapter.problem ?? 'is damaged')}: ` +
      'it comes with the program; restore it from there',
    meta: { model: name },
  });
}

/** The error for a model whose file is not there, saying how to get it, or is damaged. */
export function notPresent({ entry, state, path, problem }: ModelLocation): AppError {
  const megabytes = Math.round(entry.sizeBytes / 1e6);
  const how =
    entry.sources.length > 0
      ? `get it with \`repoformer model pull ${entry.name}\` (${megabytes} MB)`
      : entry.embedded
        ? 'it comes with the program; restore it from there'
        : 'import it again with `repoformer model import`';
  return new AppError({
    kind: state === 'absent' ? 'not_found' : 'data_loss',
    reason: state === 'absent' ? 'MODEL_NOT_FOUND' : 'MODEL_CHECKSUM_MISMATCH',
    message:
      state === 'absent'
        ? `model ${entry.name} is not on this machine: ${how}`
        : `model ${entry.name} is damaged (${path}: ${problem ?? 'it changed'}): ${how}`,
    meta: { model: entry.name },
  });
}

function checkPullable({ entry }: ModelLocation, offline: boolean): void {
  if (entry.sources.length === 0) {
    throw new AppError({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
      message: entry.embedded
        ? `${entry.name} comes with the program, but its file ${entry.file} is not intact: restore it from there`
        : `${entry.name} was imported and its file is gone or changed: import it again`,
      meta: { model: entry.name },
    });
  }
  if (!offline) return;
  throw new AppError({
    kind: 'unavailable',
    reason: 'MODEL_DOWNLOAD_FAILED',
    message: `${entry.name} is not on this machine, and nothing may be downloaded (offline)`,
    meta: { model: entry.name },
  });
}

function refused(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'INVALID_REQUEST', message });
}
