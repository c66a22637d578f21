import { ALONE, type HoleResult, type Outcome } from '../results.js';

/** Gains are differences of percentages that went through floating point: less than this is no difference. */
const SAME = 1e-9;

/** What is said of quality: percentages, but for `logLikelihood` (mean natural log-probability a token). */
export const QUALITIES = ['exactMatch', 'editSimilarity', 'identifierF1', 'passed', 'logLikelihood'] as const;
export type Quality = (typeof QUALITIES)[number];

/** One number of an outcome; undefined where it was not measured. */
export function qualityOf(outcome: Outcome, quality: Quality): number | undefined {
  switch (quality) {
    case 'exactMatch':
      return outcome.exactMatch ? 100 : 0;
    case 'passed':
      return outcome.passed === undefined ? undefined : outcome.passed ? 100 : 0;
    default:
      return outcome[quality];
  }
}

/** The index of what `always` gives. 0 where nothing was found. */
export function alwaysIndex(hole: HoleResult): number {
  return hole.outcomes.length - 1;
}

/** Whether anything was found that could be put into the prompt. */
export function hasContext(hole: HoleResult): boolean {
  return hole.outcomes.length > 1;
}

/** Whether abstaining is more than doing without what was retrieved. */
export function isHelpedAlong(hole: HoleResult): boolean {
  return hole.alone !== undefined;
}

/** The outcome at an index, the last one where there are fewer. */
export function outcomeAt(hole: HoleResult, index: number): Outcome {
  if (index === ALONE) return hole.alone ?? hole.outcomes[0];
  return hole.outcomes[Math.min(index, alwaysIndex(hole))] ?? hole.outcomes[0];
}

/** Edit similarity with all context in the prompt less that of abstaining, in points of 100. */
export function gainOf(hole: HoleResult): number {
  const gain = outcomeAt(hole, alwaysIndex(hole)).editSimilarity - hole.outcomes[0].editSimilarity;
  return Math.abs(gain) < SAME ? 0 : gain;
}

/** Whether an abstention is right here: already correct without reading, or reading would not have helped. */
export function isAbstentionRight(hole: HoleResult): boolean {
  return hole.outcomes[0].exactMatch || gainOf(hole) <= 0;
}

/** Whether every outcome of the hole has this number, so that whatever a policy chooses can be compared. */
export function isMeasured(hole: HoleResult, quality: Quality): boolean {
  const all = hole.alone ? [...hole.outcomes, hole.alone] : hole.outcomes;
  return all.every((outcome) => qualityOf(outcome, quality) !== undefined);
}
