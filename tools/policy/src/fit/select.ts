import type { BootstrapEstimate } from '../metrics/cluster-bootstrap.js';
import type { Candidate } from './candidates.js';

/** Why one candidate was taken rather than another. */
export interface SelectionStep {
  readonly challenger: string;
  readonly incumbent: string;
  /** Challenger minus incumbent, in Qini coefficients. */
  readonly difference: BootstrapEstimate;
  readonly taken: boolean;
}

export interface Selection {
  readonly chosen: Candidate;
  readonly steps: readonly SelectionStep[];
}

/** Compares two rankings of the same rows. */
export type Compare = (challenger: Candidate, incumbent: Candidate) => BootstrapEstimate;

/**
 * Goes from the plainest candidate to the most elaborate; one replaces the last only when it ranks better by more
 * than one standard error, or, being as plain, simply better. Nothing learnt from labels is as plain as what was
 * learnt without: its settings, and the choice itself, were made on the labels that it is judged by.
 */
export function selectCandidate(candidates: readonly Candidate[], compare: Compare): Selection {
  const order = [...candidates].sort((a, b) => complexityOf(a) - complexityOf(b));
  let chosen = order[0]!;
  const steps: SelectionStep[] = [];
  for (const challenger of order.slice(1)) {
    const difference = compare(challenger, chosen);
    // Logistic regression is the standing choice: similarity alone must not win by a tie.
    const needed = isMoreElaborate(challenger, chosen) ? difference.standardError : 0;
    const taken = difference.value > needed;
    steps.push({ challenger: challenger.name, incumbent: chosen.name, difference, taken });
    if (taken) chosen = challenger;
  }
  return { chosen, steps };
}

function complexityOf({ name, inputs, readout, predicts }: Candidate): number {
  return (
    (inputs.length > 5 ? 1 : 0) +
    (predicts === 'coverage' ? -0.5 : 0) +
    (readout ? 2 : 0) +
    (name.includes('trees') ? 8 : 0) +
    (predicts === 'rank' ? 4 : 0)
  );
}

function isMoreElaborate(challenger: Candidate, incumbent: Candidate): boolean {
  if (challenger.predicts !== 'coverage' && incumbent.predicts === 'coverage') return true;
  return (
    challenger.name.includes('trees') || challenger.predicts === 'rank' || challenger.readout !== undefined
  );
}
