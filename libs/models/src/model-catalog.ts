import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { bundledModelsDirectory } from './bundled-models.js';
import type { ModelEntry } from './catalog-entry.js';
import { writeWhole } from './durable-file.js';
import { errorCode, fileError } from './file-error.js';
import { acquireFileLock } from './file-lock.js';
import { DEFAULT_MODEL, parseCatalog } from './parse-catalog.js';

const CATALOG_FILE = 'catalog.json';

export interface CatalogLocations {
  /** Where the user's models lie; its `catalog.json` names the imported ones. It need not exist. */
  readonly modelsDirectory: string;
  /** Where the models that come with the program lie. Default {@link bundledModelsDirectory}. */
  readonly bundledDirectory?: string;
}

/** The models that are known by name: those that the program names, and those the user imported. */
export class ModelCatalog {
  readonly modelsDirectory: string;
  readonly bundledDirectory: string;
  readonly #bundled: readonly ModelEntry[];
  #imported: readonly ModelEntry[];

  private constructor(
    modelsDirectory: string,
    bundledDirectory: string,
    bundled: readonly ModelEntry[],
    imported: readonly ModelEntry[],
  ) {
    this.modelsDirectory = modelsDirectory;
    this.bundledDirectory = bundledDirectory;
    this.#bundled = bundled;
    this.#imported = imported;
  }

  /**
   * Reads both catalogues.
   *
   * @throws AppError failed_precondition/CONFIG_INVALID when one is not valid; not_found/MODEL_NOT_FOUND when the
   * program's own is missing.
   */
  static async load(locations: CatalogLocations): Promise<ModelCatalog> {
    const bundledDirectory = locations.bundledDirectory ?? bundledModelsDirectory();
    const bundled = await readCatalog(join(bundledDirectory, CATALOG_FILE));
    if (bundled === undefined) {
      throw new AppError({
        kind: 'not_found',
        reason: 'MODEL_NOT_FOUND',
        message: `the model catalogue ${join(bundledDirectory, CATALOG_FILE)} is missing: install Repoformer again`,
      });
    }
    const imported = await readImported(locations.modelsDirectory, bundled);
    return new ModelCatalog(locations.modelsDirectory, bundledDirectory, bundled, imported);
  }

  /** All entries: the program's in the order of its catalogue, then the imported ones. */
  list(): ModelEntry[] {
    return [...this.#bundled, ...this.#imported];
  }

  /** By name; `default` stands for the default model. */
  find(name: string): ModelEntry | undefined {
    return this.list().find((entry) => (name === DEFAULT_MODEL ? entry.default : entry.name === name));
  }

  /**
   * As {@link find}.
   *
   * @throws AppError not_found/MODEL_NOT_FOUND naming the models there are.
   */
  get(name: string): ModelEntry {
    const entry = this.find(name);
    if (entry !== undefined) return entry;
    const known = this.list().map((one) => one.name);
    throw new AppError({
      kind: 'not_found',
      reason: 'MODEL_NOT_FOUND',
      message: `no model is called "${name.slice(0, 100)}"; there are ${known.join(', ')}, and any GGUF file by its path`,
      meta: { model: name.slice(0, 100) },
    });
  }

  /** Whether the user added it, rather than the program bringing it. */
  isImported(name: string): boolean {
    return this.#imported.some((entry) => entry.name === name);
  }

  /** Adds an imported model to the user's catalogue, in place of a former one of that name. */
  async addImported(entry: ModelEntry): Promise<void> {
    await this.#change((entries) => [...entries.filter(({ name }) => name !== entry.name), entry]);
  }

  /** Takes an imported model out of the user's catalogue. */
  async removeImported(name: string): Promise<void> {
    await this.#change((entries) => entries.filter((entry) => entry.name !== name));
  }

  /** Applies a change to what is on the disk now: another process may have imported meanwhile. */
  async #change(change: (entries: readonly ModelEntry[]) => ModelEntry[]): Promise<void> {
    const path = join(this.modelsDirectory, CATALOG_FILE);
    try {
      await mkdir(this.modelsDirectory, { recursive: true, mode: 0o700 });
      const lock = await acquireFileLock(`${path}.lock`);
      try {
        const models = change(await readImported(this.modelsDirectory, this.#bundled));
        const text = `${JSON.stringify({ models }, undefined, 2)}\n`;
        parseCatalog(text, path);
        await writeWhole(path, text);
        this.#imported = models;
      } finally {
        await lock.release();
      }
    } catch (cause) {
      throw fileError(`model catalogue ${path}`, cause);
    }
  }
}

async function readImported(
  modelsDirectory: string,
  bundled: readonly ModelEntry[],
): Promise<readonly ModelEntry[]> {
  const path = join(modelsDirectory, CATALOG_FILE);
  const imported = (await readCatalog(path)) ?? [];
  // A name that the program came to use later is the program's: what an imported file is must stay clear.
  const taken = imported.find((entry) => entry.default || bundled.some(({ name }) => name === entry.name));
  if (taken !== undefined) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `model catalogue ${path}: "${taken.name}" may not replace the program's own; give it another name`,
    });
  }
  return imported;
}

async function readCatalog(path: string): Promise<ModelEntry[] | undefined> {
  try {
    return parseCatalog(await readFile(path, 'utf8'), path);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw fileError(`model catalogue ${path}`, cause);
  }
}
