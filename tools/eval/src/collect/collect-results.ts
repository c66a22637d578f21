import { AppError } from '@repoformer/domain';
import {
  inputDigests,
  readHoles,
  readLabelRun,
  readLabels,
  type HoleRecord,
  type LabelRecord,
  type LabelRun,
} from '@repoformer/dataset';
import { openSyntax } from '@repoformer/syntax';
import { cutLabel } from './cut-completion.js';
import { TestVerdicts } from './test-verdicts.js';

/** A hole with its label, whose completions are cut as they are judged. */
export interface LabelledHole {
  readonly hole: HoleRecord;
  readonly label: LabelRecord;
  /** Whether the package's tests passed, by number of chunks; empty where they were not run or do not judge. */
  readonly passed: ReadonlyMap<number, boolean>;
}

/** Holes of a dataset with the labels of one run. */
export interface LabelledHoles {
  readonly run: LabelRun;
  readonly holes: readonly LabelledHole[];
  /** Wanted holes that have no label yet, or only one of another text or context. */
  readonly unlabelled: number;
}

/**
 * Joins holes, labels and the verdicts of tests. Every number that is reported starts here, so that completions are cut
 * by one rule everywhere.
 *
 * @param wanted holes to take; default: those with retrieved context
 * @throws AppError failed_precondition when there is none
 */
export async function joinLabels(
  dataset: string,
  labelsDirectory: string,
  wanted: (hole: HoleRecord) => boolean = isServed,
): Promise<LabelledHoles> {
  const run = await readLabelRun(labelsDirectory);
  const verdicts = await TestVerdicts.read(labelsDirectory);
  const syntax = await openSyntax();
  const holes = (await readHoles(dataset)).filter(wanted);
  const inputs = inputDigests(holes);
  const labels = await readLabels(labelsDirectory, inputs);
  const labelled: LabelledHole[] = [];
  for (const hole of holes) {
    const known = labels.get(hole.id);
    if (!known || known.input !== inputs.get(hole.id)) continue;
    const label = await cutLabel(hole, known, syntax);
    labelled.push({ hole, label, passed: verdicts.passedOf(label) });
  }
  if (labelled.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${labelsDirectory} has no label for any wanted hole of ${dataset}; run \`repoformer-dataset label\` first`,
    });
  }
  return { run, holes: labelled, unlabelled: holes.length - labelled.length };
}

/** Whether the context is what the product would have retrieved: neither random nor found with the truth. */
export function isServed({ context }: HoleRecord): boolean {
  return context.source === 'retrieved' && !context.queriedWithMiddle;
}

/** Milliseconds for each token of context, over all of a run: its cost on the machine that made it. */
export function contextCost(labels: readonly LabelRecord[]): number | undefined {
  let tokens = 0;
  let milliseconds = 0;
  for (const { variants } of labels) {
    const last = variants.at(-1)!;
    tokens += last.contextTokens;
    milliseconds += last.contextMs;
  }
  return tokens === 0 ? undefined : milliseconds / tokens;
}
