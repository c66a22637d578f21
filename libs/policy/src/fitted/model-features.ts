import type { Readout } from './policy-document.js';
import { scoreLinear } from './scorer.js';

/** What a model said after prefix and suffix, before any context. Absent: not asked, or the model cannot say it. */
export interface Probe {
  /** P of the retrieval token, in [0, 1]. */
  readonly decisionProbability?: number;
  /** Of the first token of the middle: the most probable one's probability, its lead over the second, and the
   * distribution's entropy in nats. */
  readonly firstToken?: { readonly probability: number; readonly margin: number; readonly entropy: number };
  /** Log-probabilities of the read-out's tokens, in its order. */
  readonly readout?: readonly number[];
}

export const MODEL_FEATURES = [
  'decisionLogit',
  'firstTokenLogProbability',
  'firstTokenMargin',
  'firstTokenEntropy',
  'readout',
] as const;
export type ModelFeature = (typeof MODEL_FEATURES)[number];

/** Probabilities are kept this far from 0 and 1, so that their logarithms stay finite. */
const LEAST = 1e-6;
/** Log-probabilities below this carry no more than noise. */
const LEAST_LOG = -40;

/**
 * The features of {@link MODEL_FEATURES} that the probe allows, in their order; NaN for those it does not.
 *
 * @param readout how the read-out's log-probabilities become one number
 */
export function modelFeatures(probe: Probe, readout?: Readout): number[] {
  const { decisionProbability: decision, firstToken } = probe;
  return [
    decision === undefined ? NaN : logit(decision),
    firstToken ? Math.log(clip(firstToken.probability)) : NaN,
    firstToken ? Math.min(1, Math.max(0, firstToken.margin)) : NaN,
    firstToken ? Math.min(20, Math.max(0, firstToken.entropy)) : NaN,
    readout && probe.readout?.length === readout.tokens.length
      ? scoreLinear(readout, centreLogProbabilities(probe.readout))
      : NaN,
  ];
}

/** Most probable tokens that {@link firstTokenOf} is given, when fitting and when serving. */
export const FIRST_TOKEN_TOP = 32;

/**
 * What the most probable tokens say of the first token; undefined for none. All others together count as one more
 * outcome, so that the entropy needs no more than these. Fit and serve with the same number of them.
 *
 * @param top probabilities, highest first
 */
export function firstTokenOf(top: readonly number[]): Probe['firstToken'] {
  if (top.length === 0) return undefined;
  const rest = Math.max(0, 1 - top.reduce((sum, p) => sum + p, 0));
  const entropy = [...top, rest].reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
  return { probability: top[0]!, margin: top[0]! - (top[1] ?? 0), entropy: Math.max(0, entropy) };
}

/** Subtracts the mean of the list: log-probabilities then equal logits up to a constant that no longer matters. */
export function centreLogProbabilities(logProbabilities: readonly number[]): number[] {
  const bounded = logProbabilities.map((value) => (value > LEAST_LOG ? Math.min(0, value) : LEAST_LOG));
  const mean = bounded.reduce((sum, value) => sum + value, 0) / Math.max(1, bounded.length);
  return bounded.map((value) => value - mean);
}

/** ln(p / (1 - p)), finite for any p. */
export function logit(probability: number): number {
  const p = clip(probability);
  return Math.log(p / (1 - p));
}

function clip(probability: number): number {
  return probability > LEAST ? Math.min(1 - LEAST, probability) : LEAST;
}
