import type { Baseline } from '../analysis/index.js';
import type { Outcome } from '../results.js';
import { joinLabels, type LabelledHole } from './collect-results.js';
import { toOutcome } from './to-hole-result.js';

/**
 * Completions of another run without context, as a baseline of the holes under judgement.
 *
 * @throws AppError failed_precondition when it has completed none of them
 */
export async function readBaseline(
  dataset: string,
  labelsDirectory: string,
  judged: readonly LabelledHole[],
): Promise<Baseline> {
  const ids = new Set(judged.map(({ hole }) => hole.id));
  const { run, holes } = await joinLabels(dataset, labelsDirectory, ({ id }) => ids.has(id));
  const outcomes = new Map<string, Outcome>();
  for (const { hole, label, passed } of holes) {
    const outcome = toOutcome(hole, label, label.variants[0], passed);
    if (outcome) outcomes.set(hole.id, outcome);
  }
  const { name } = run.model;
  const description =
    run.family === 'n-gram'
      ? 'Counts of the repository without the hole’s own file, of its directory, and of what stands around the hole; no neural network.'
      : 'Another run, without context.';
  return { label: name, description, outcomes };
}
