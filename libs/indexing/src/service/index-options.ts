import { invalidArgument } from '@repoformer/domain';
import { DEFAULT_WINDOW_OPTIONS, encodeWindows, type WindowOptions } from '@repoformer/retrieval';
import { CONTENT_RULES_VERSION } from '../admission/content-rules.js';

export interface IndexOptions extends WindowOptions {
  /** Larger files are left out; default 1 MiB. */
  readonly maxFileBytes: number;
  /** Artefacts no file refers to that are kept for a switch back to another branch; default 20,000. */
  readonly keepUnreferenced: number;
  /** Blobs read between two collections of garbage; default 5,000. */
  readonly collectAfterBlobs: number;
  /** Memory for the texts of files that chunks were cut from; default 16 MiB. */
  readonly textCacheBytes: number;
  /** Open buffers of one query beyond this sum are not searched; default 4 MiB. */
  readonly maxOverlayBytes: number;
  /**
   * The search index is saved once a tenth of its lines, and at least so many, have changed since it was saved last;
   * default 50,000: reading fewer from the artefacts takes some 30 ms.
   */
  readonly snapshotLines: number;
  /** A tree that lists more paths is refused, for each takes memory; default 2,000,000. */
  readonly maxPaths: number;
  /**
   * The working tree is looked at when something is retrieved, at most so often, and searched in place of the commit;
   * default 0: never. A look that takes long is not repeated before twenty times as long has passed.
   */
  readonly workingTreeIntervalMs: number;
  /** Most bytes of changed files that one look reads; default 32 MiB. */
  readonly workingTreeReadBytes: number;
  /** Time after which indexing lets other work on its thread run; default 5 ms. */
  readonly sliceMs: number;
}

export const DEFAULT_INDEX_OPTIONS: IndexOptions = {
  ...DEFAULT_WINDOW_OPTIONS,
  maxFileBytes: 1024 * 1024,
  keepUnreferenced: 20_000,
  collectAfterBlobs: 5_000,
  textCacheBytes: 16 * 1024 * 1024,
  maxOverlayBytes: 4 * 1024 * 1024,
  snapshotLines: 50_000,
  maxPaths: 2_000_000,
  workingTreeIntervalMs: 0,
  workingTreeReadBytes: 32 * 1024 * 1024,
  sliceMs: 5,
};

/** Fills in defaults. @throws AppError invalid_argument naming the option that is out of range. */
export function resolveIndexOptions(options: Partial<IndexOptions> = {}): IndexOptions {
  const resolved = { ...DEFAULT_INDEX_OPTIONS, ...options };
  for (const [name, value] of Object.entries(resolved) as [string, number][]) {
    if (!Number.isFinite(value) || value < 0) throw invalidArgument(name, 'must be a number, 0 or more');
  }
  return resolved;
}

/** What stored artefacts depend on: a store written with other values has to be built anew. */
export function storeFormatOptions(options: IndexOptions): Record<string, number> {
  return {
    windowLines: options.windowLines,
    strideLines: options.strideLines,
    maxFileBytes: options.maxFileBytes,
    // Its first byte is the version of the encoding of windows.
    encodingVersion: encodeWindows(new Uint8Array(), options).data[0]!,
    contentRulesVersion: CONTENT_RULES_VERSION,
  };
}
