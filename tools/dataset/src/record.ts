import type { Chunk } from '@repoformer/domain';

/** What is cut out of a file: see `holes/`. */
export const HOLE_KINDS = ['line_rest', 'line', 'chunk', 'call', 'function'] as const;
export type HoleKind = (typeof HOLE_KINDS)[number];

/** What a repository serves for. Repositories are never shared between splits, nor is their content. */
export const SPLITS = ['train', 'calibration', 'benchmark'] as const;
export type Split = (typeof SPLITS)[number];

/** A place in a repository where a completion is asked for, and the truth that was there. */
export interface Hole {
  /** First 32 hex digits of the SHA-256 of repository, path, blob, range and kind. */
  readonly id: string;
  /** Name in the corpus, such as `npm:zod@4.1.0`. */
  readonly repository: string;
  readonly split: Split;
  /** Relative to the repository's root, forward slashes. */
  readonly path: string;
  /** As editors name it. */
  readonly language: string;
  readonly kind: HoleKind;
  /** Lines of the truth, the first one counted from where the hole begins. */
  readonly lines: number;
  /** All of the file before the hole; on a line of its own, the indentation is part of it. */
  readonly prefix: string;
  /** The truth: never empty, no line end at its end. */
  readonly middle: string;
  /** All of the file after the hole. */
  readonly suffix: string;
}

/** Where a hole's context came from. `random`: deliberately useless, chunks drawn at random from other files. */
export type ContextSource = 'retrieved' | 'random';

/** One line of a dataset: a hole with its context and features. Written by `repoformer-dataset build`. */
export interface HoleRecord extends Omit<Hole, 'prefix' | 'suffix'> {
  readonly schema: 1;
  /** The end of what stands before the hole, from a line's start: at most {@link PREFIX_CHARS}. */
  readonly prefix: string;
  /** The beginning of what stands after it: at most {@link SUFFIX_CHARS}. */
  readonly suffix: string;
  readonly context: {
    readonly source: ContextSource;
    /** Whether the query held the truth too, which imitates a second round of retrieval. */
    readonly queriedWithMiddle: boolean;
    /** Best first. */
    readonly chunks: readonly Chunk[];
    /** What retrieving them took, when the dataset was built. */
    readonly retrieveMs: number;
  };
  /** By `extractFeatures` of `@repoformer/policy`, from the whole file; names are those of its version. */
  readonly features: {
    /** `FEATURES_VERSION` of the build. */
    readonly version: number;
    readonly hole: readonly number[];
    /** One row for each of the first chunks. */
    readonly chunks: readonly (readonly number[])[];
  };
}

/** More than any prompt of a small model holds. UTF-16 code units. */
export const PREFIX_CHARS = 12_000;
export const SUFFIX_CHARS = 6_000;
