import type { HoleResult } from '../results.js';
import { gainOf, hasContext } from './outcomes.js';
import { saidBy } from './policies.js';

/** Whether what a policy says can be taken as the probability that context helps. */
export interface Calibration {
  /** Holes for which there was context and an answer. */
  readonly holes: number;
  /** Share of them that context helped, in [0, 1]. */
  readonly positives: number;
  readonly bins: readonly ReliabilityBin[];
  /** Mean squared error; `base` is that of always saying the share of positives. */
  readonly brier: number;
  readonly baseBrier: number;
  /** Mean negative natural log-likelihood, probabilities clipped to [1e-6, 1 - 1e-6]. */
  readonly logLoss: number;
  /** Expected calibration error: the bins' mean distance of said and seen, by their holes. */
  readonly ece: number;
}

export interface ReliabilityBin {
  readonly holes: number;
  /** Mean of what was said, in [0, 1]. */
  readonly said: number;
  /** Share that context helped, in [0, 1]. */
  readonly seen: number;
}

export const RELIABILITY_BINS = 15;
const CLIP = 1e-6;

/**
 * Calibration against "edit similarity gained".
 *
 * @param bins of equal mass, as far as ties allow: equal answers are never split
 * @returns undefined where nothing was said, or where what was said is no probability (a similarity is a rank)
 */
export function calibrationOf(
  results: readonly HoleResult[],
  name: string,
  bins = RELIABILITY_BINS,
): Calibration | undefined {
  if (name === 'similarity') return undefined;
  const answers = results
    .filter(hasContext)
    .flatMap((hole) => {
      const said = saidBy(hole, name);
      return said === undefined ? [] : [{ said, helped: gainOf(hole) > 0 ? 1 : 0 }];
    })
    .sort((a, b) => a.said - b.said);
  const holes = answers.length;
  if (holes === 0 || answers.some(({ said }) => said < 0 || said > 1)) return undefined;
  const positives = answers.reduce((sum, { helped }) => sum + helped, 0) / holes;
  let [brier, logLoss] = [0, 0];
  for (const { said, helped } of answers) {
    const clipped = Math.min(1 - CLIP, Math.max(CLIP, said));
    brier += (said - helped) ** 2 / holes;
    logLoss -= Math.log(helped ? clipped : 1 - clipped) / holes;
  }
  const reliability = reliabilityBins(answers, bins);
  return {
    holes,
    positives,
    bins: reliability,
    brier,
    baseBrier: positives * (1 - positives),
    logLoss,
    ece: reliability.reduce((sum, bin) => sum + (bin.holes / holes) * Math.abs(bin.said - bin.seen), 0),
  };
}

function reliabilityBins(
  answers: readonly { readonly said: number; readonly helped: number }[],
  bins: number,
): ReliabilityBin[] {
  const found: ReliabilityBin[] = [];
  let start = 0;
  answers.forEach(({ said }, at) => {
    const end = at + 1;
    if (answers[end]?.said === said) return;
    // Closes a bin at the first gap at or behind each multiple of a bin's share.
    if (
      end < answers.length &&
      end * bins < (Math.floor((start * bins) / answers.length) + 1) * answers.length
    )
      return;
    const bin = answers.slice(start, end);
    const average = (value: (answer: (typeof bin)[number]) => number) =>
      bin.reduce((sum, answer) => sum + value(answer), 0) / bin.length;
    found.push({ holes: bin.length, said: average((a) => a.said), seen: average((a) => a.helped) });
    start = end;
  });
  return found;
}
