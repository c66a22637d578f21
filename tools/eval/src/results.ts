import type { HoleKind } from '@repoformer/dataset';

/** In place of a number of chunks: nothing was retrieved at all, where none in the prompt (0) is to copy from them. */
export const ALONE = -1;

/** How one completion of a hole came out. */
export interface Outcome {
  /** Chunks and tokens of context in the prompt. */
  readonly chunks: number;
  readonly contextTokens: number;
  /** What was generated, cut as the metric demands. */
  readonly text: string;
  readonly exactMatch: boolean;
  /** Both 0 to 100. */
  readonly editSimilarity: number;
  readonly identifierF1: number;
  /** Mean natural log-probability of the truth's tokens; absent where it was not asked for. */
  readonly logLikelihood?: number;
  /** Whether the package's own tests pass with it; only for holes that have tests. */
  readonly passed?: boolean;
  /** Milliseconds of each stage of this completion, measured in the run. */
  readonly timings: StageTimings;
}

export interface StageTimings {
  readonly retrieveMs: number;
  /** Evaluating what all branches share (prefix and suffix), from an empty state. */
  readonly sharedMs: number;
  /** Evaluating the context; 0 without. */
  readonly contextMs: number;
  readonly decodeMs: number;
}

/**
 * What was measured at one hole. Everything that is said of a policy is computed from these: a policy only
 * chooses one of the outcomes.
 */
export interface HoleResult {
  readonly id: string;
  readonly repository: string;
  readonly path: string;
  readonly language: string;
  readonly kind: HoleKind;
  /** For the examples of the report: the lines around the hole, and the truth. */
  readonly before: string;
  readonly middle: string;
  readonly after: string;
  /** Of abstaining, and with ever more chunks, best first; the last is what `always` gives. */
  readonly outcomes: readonly [Outcome, ...Outcome[]];
  /** With nothing retrieved at all; absent where abstaining is that: it may be copying from what is not read. */
  readonly alone?: Outcome;
  /** Similarities of the retrieved windows, best first. */
  readonly scores: readonly number[];
  /** What each policy says of retrieving here, in [0, 1] (or its own scale): higher, the more it is for it. */
  readonly policies: Readonly<Record<string, number>>;
  /** Paths and texts of the chunks, for the examples of the report. */
  readonly context: readonly { readonly path: string; readonly startLine: number; readonly text: string }[];
}
