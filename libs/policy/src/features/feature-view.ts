import type { Chunk } from '@repoformer/domain';

/**
 * Changes whenever a feature's meaning does, or a name or its place in a table: fitted policies name the version
 * they were fitted on and are refused under another.
 */
export const FEATURES_VERSION = 4;

/** Chunks that get a row of features; the context budgets of small models hold three or four. */
export const MAX_CHUNKS = 4;

/** What is known of a hole before any model is asked: the same when fitting and when serving. */
export interface FeatureView {
  /** Of the current file, relative to the repository's root, forward slashes; empty: unknown. */
  readonly path: string;
  /** As editors name it; empty: unknown. */
  readonly language: string;
  /** The file before and after the cursor, or as much as the client sent. */
  readonly prefix: string;
  readonly suffix: string;
  /** Best first; `score` is the retriever's, `text` begins with the window that matched, `leading` precedes it. */
  readonly chunks: readonly Chunk[];
  /**
   * In how many windows of the index the words close around the cursor occur. Absent, or a word that is
   * not in the map: not known, which counts as a middling frequency.
   */
  readonly words?: { readonly windows: number; readonly frequencies: ReadonlyMap<string, number> };
  /**
   * Tokens of the whole context, and of each chunk, as they would stand in the prompt. Absent: estimated from
   * their characters. Give them both when fitting and when serving, or neither time.
   */
  readonly contextTokens?: number;
  readonly chunkTokens?: readonly number[];
}

/** The values in the order of {@link FEATURE_NAMES}; each is finite. */
export interface Features {
  readonly hole: readonly number[];
  /** One row for each of the first {@link MAX_CHUNKS} chunks. */
  readonly chunks: readonly (readonly number[])[];
}
