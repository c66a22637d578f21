import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileError } from './file-error.js';
import type { AdapterEntry, ModelEntry } from './catalog-entry.js';
import { partPath } from './partial-file.js';
import type { VerificationCache } from './verification-cache.js';

/**
 * - `present`: the file has the size and SHA-256 of the catalogue;
 * - `corrupt`: there is a file of that name, but another one;
 * - `absent`.
 */
export type FileState = 'present' | 'absent' | 'corrupt';

export interface FileLocation {
  readonly state: FileState;
  /** Where it is, or would be. */
  readonly path: string;
  /** Comes with the program. */
  readonly bundled: boolean;
  /** Set when corrupt: what is wrong. */
  readonly problem?: string;
}

export interface AdapterLocation extends FileLocation {
  readonly entry: AdapterEntry;
}

export interface ModelLocation extends FileLocation {
  readonly entry: ModelEntry;
  /** Bytes of a download that was begun; 0 when there is none. */
  readonly partialBytes: number;
  readonly adapters: readonly AdapterLocation[];
  /** Model and adapters as one file; undefined where the catalogue names none. */
  readonly merged: FileLocation | undefined;
}

export interface LocateOptions {
  readonly signal?: AbortSignal;
  /** Computes each SHA-256 anew instead of trusting what is remembered. */
  readonly fresh?: boolean;
  /** Bytes read so far of the file being hashed. */
  readonly onBytes?: (doneBytes: number) => void;
}

export interface ModelDirectories {
  readonly modelsDirectory: string;
  readonly bundledDirectory: string;
}

/** Finds the files of a catalogue entry and says whether they are the right ones. */
export async function locateModel(
  entry: ModelEntry,
  directories: ModelDirectories,
  cache: VerificationCache,
  options: LocateOptions = {},
): Promise<ModelLocation> {
  const location = await locateFile(entry, directories, cache, options);
  const adapters: AdapterLocation[] = [];
  const { signal, fresh } = options;
  for (const adapter of entry.adapters) {
    adapters.push({
      entry: adapter,
      ...(await locateFile(adapter, directories, cache, { signal, fresh })),
    });
  }
  const part = partPath(join(directories.modelsDirectory, entry.file));
  const merged = entry.merged && (await locateFile(entry.merged, directories, cache, { signal, fresh }));
  return { entry, ...location, partialBytes: (await sizeOf(part)) ?? 0, adapters, merged };
}

/** The user's directory comes first; the program's own copy stands in for a missing or broken one. */
async function locateFile(
  wanted: { readonly file: string; readonly sizeBytes: number; readonly sha256: string },
  directories: ModelDirectories,
  cache: VerificationCache,
  options: LocateOptions,
): Promise<FileLocation> {
  const own = join(directories.modelsDirectory, wanted.file);
  let broken: FileLocation | undefined;
  for (const [path, bundled] of [
    [own, false],
    [join(directories.bundledDirectory, wanted.file), true],
  ] as const) {
    const sizeBytes = await sizeOf(path);
    if (sizeBytes === undefined) continue;
    let problem: string | undefined;
    if (sizeBytes !== wanted.sizeBytes) {
      problem = `it has ${sizeBytes} bytes instead of ${wanted.sizeBytes}`;
    } else if ((await cache.digest(path, options)) !== wanted.sha256) {
      problem = 'its SHA-256 is not the one of the catalogue';
    }
    if (problem === undefined) return { state: 'present', path, bundled };
    broken ??= { state: 'corrupt', path, bundled, problem };
  }
  return broken ?? { state: 'absent', path: own, bundled: false };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (cause) {
    const code = errorCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw fileError(`model file ${path}`, cause);
  }
}
