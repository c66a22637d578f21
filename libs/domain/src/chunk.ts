/** A run of whole lines of one file, as retrieved. Lines are 0-based, end exclusive. */
export interface Chunk {
  /** Relative to the repository's root, forward slashes. */
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  /**
   * How well the window that matched does, in [0, 1]: Jaccard similarity, or the share of the query's weighted words,
   * less for longer windows.
   */
  readonly score: number;
  /** The lines joined by `\n`, without a trailing line end. */
  readonly text: string;
  /** First line of the window that matched, when this chunk is the one that follows it. */
  readonly matchedLine?: number;
  /** The lines before it in its file, at most {@link LEADING_LINES}; for judging how well it fits, not for prompts. */
  readonly leading?: string;
}

/** Most lines of {@link Chunk.leading}. */
export const LEADING_LINES = 12;

/**
 * Which lines stand for windows that matched: the blocks that they have lines of, ranked anew, which is what completions
 * are given; the window itself; or the one that follows it, as in the paper.
 */
export type ChunkAlignment = 'block' | 'matched' | 'following';

/** An unsaved editor buffer; it shadows the committed content of its path. */
export interface OpenBuffer {
  readonly path: string;
  readonly content: string;
}

/** A fragment the client itself holds relevant; competes with retrieved chunks for the context budget. */
export interface Hint {
  readonly path: string;
  readonly text: string;
}
