import type { Baseline, PolicySpec } from '../analysis/index.js';
import type { HoleResult } from '../results.js';

/** What a report is written from. All texts may come from untrusted repositories: they are escaped. */
export interface ReportInput {
  /** The question or the occasion, as a headline. */
  readonly title: string;
  /** Model and quantisation. */
  readonly model: string;
  /** What the timings were taken on. */
  readonly machine: string;
  /** The command that makes these results again. */
  readonly command: string;
  /** Ids of the corpora, datasets or repositories the holes come from. */
  readonly generatedFrom: readonly string[];
  readonly results: readonly HoleResult[];
  /** The policies to judge, the one in question first. */
  readonly policies: readonly PolicySpec[];
  /** Other ways to complete, held against the model without context. Default none. */
  readonly baselines?: readonly Baseline[];
  /** Anything a reader must know, a sentence each. */
  readonly notes: readonly string[];
}
