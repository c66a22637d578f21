import { stat } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import { invalidArgument, type ModelSpec } from '@repoformer/domain';
import type { ModelEntry } from './catalog-entry.js';
import { readGgufHeader } from './gguf/gguf-header.js';
import { adapterError, ModelStore, notPresent } from './model-store.js';
import type { ModelLocation } from './model-location.js';
import { recommendedPolicy } from './policy-location.js';
import { fileError } from './file-error.js';

export interface ResolveOptions {
  /** Where the models are; or give `modelsDirectory` to have it opened. */
  readonly store?: ModelStore;
  readonly modelsDirectory?: string;
  /** FIM family, instead of the catalogue's. */
  readonly family?: string;
  /** Adapters instead of the catalogue's; none when empty. A path alone is applied at scale 1. */
  readonly adapters?: readonly (string | { readonly path: string; readonly scale: number })[];
  /** Default: the catalogue's; 4,096 for a file that is not in it. */
  readonly contextTokens?: number;
  /** Default 0: chosen from the machine. */
  readonly prefillThreads?: number;
  readonly decodeThreads?: number;
  /** Default `auto`. */
  readonly gpu?: 'auto' | 'none';
  /** What relative paths start from. Default: the working directory. */
  readonly baseDirectory?: string;
  readonly signal?: AbortSignal;
}

const CONTEXT_TOKENS = 4096;

/**
 * What to load for a name of the catalogue (`default` for the default model) or a path to a GGUF file. A file
 * that the catalogue knows by its SHA-256 gets what the catalogue says of it (adapters, family, context length)
 * wherever it lies. Anything with a separator, or ending in `.gguf`, is a path.
 *
 * @throws AppError not_found/MODEL_NOT_FOUND saying how to get it; data_loss/MODEL_CHECKSUM_MISMATCH;
 * failed_precondition/MODEL_INVALID; failed_precondition/CONFIG_INVALID for a broken catalogue; cancelled.
 */
export async function resolveModel(nameOrPath: string, options: ResolveOptions): Promise<ModelSpec> {
  const store = options.store ?? (await openStore(options.modelsDirectory));
  if (nameOrPath.trim() === '') throw invalidArgument('model', 'must be a name or a path');
  return isPath(nameOrPath)
    ? resolvePath(nameOrPath, store, options)
    : resolveName(nameOrPath, store, options);
}

/** Whether this means a file rather than a name of the catalogue. */
export function isPath(nameOrPath: string): boolean {
  return /[/\\]/.test(nameOrPath) || /\.gguf$/i.test(nameOrPath) || isAbsolute(nameOrPath);
}

async function openStore(modelsDirectory: string | undefined): Promise<ModelStore> {
  if (modelsDirectory === undefined) throw invalidArgument('modelsDirectory', 'is needed without a store');
  return ModelStore.open({ modelsDirectory });
}

async function resolveName(name: string, store: ModelStore, options: ResolveOptions): Promise<ModelSpec> {
  const location = await store.locate(name, { signal: options.signal });
  const { entry, merged } = location;
  if (location.state !== 'present') throw notPresent(location);
  // The same model, faster; unless other adapters are asked for.
  if (merged?.state === 'present' && options.adapters === undefined) {
    return createSpec(entry.name, merged.path, entry, undefined, { ...options, store });
  }
  return createSpec(entry.name, location.path, entry, location, { ...options, store });
}

async function resolvePath(given: string, store: ModelStore, options: ResolveOptions): Promise<ModelSpec> {
  const path = resolve(options.baseDirectory ?? '', given);
  const { sizeBytes } = await readGgufHeader(path);
  const entry = await store.identify(path, sizeBytes, options.signal);
  const location = entry && (await store.locate(entry.name, { signal: options.signal }));
  return createSpec(entry?.name ?? basename(path), path, entry, location, { ...options, store });
}

async function createSpec(
  name: string,
  path: string,
  entry: ModelEntry | undefined,
  location: ModelLocation | undefined,
  options: ResolveOptions & { readonly store: ModelStore },
): Promise<ModelSpec> {
  const recommended = await recommendedPolicy(name, entry, options.store.catalog);
  const family = options.family ?? entry?.family;
  return {
    name,
    path,
    adapters: await adaptersOf(name, location, options),
    ...(family !== undefined && { family }),
    ...(recommended && { recommended }),
    ...(entry?.copying && { copying: entry.copying }),
    contextTokens: options.contextTokens ?? entry?.contextTokens ?? CONTEXT_TOKENS,
    prefillThreads: options.prefillThreads ?? 0,
    decodeThreads: options.decodeThreads ?? 0,
    gpu: options.gpu ?? 'auto',
  };
}

async function adaptersOf(
  name: string,
  location: ModelLocation | undefined,
  options: ResolveOptions,
): Promise<ModelSpec['adapters']> {
  if (options.adapters === undefined) {
    return (location?.adapters ?? []).map((adapter) => {
      if (adapter.state !== 'present') throw adapterError(name, adapter);
      return { path: adapter.path, scale: adapter.entry.scale ?? 1 };
    });
  }
  return Promise.all(
    options.adapters.map(async (given) => {
      const { path, scale } = typeof given === 'string' ? { path: given, scale: 1 } : given;
      const absolute = resolve(options.baseDirectory ?? '', path);
      await stat(absolute).catch((cause: unknown) => {
        throw fileError(`adapter ${absolute}`, cause);
      });
      return { path: absolute, scale };
    }),
  );
}
