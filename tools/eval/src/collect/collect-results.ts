import { AppError } from '@repoformer/domain';
import {
  readHoles,
  readLabelRun,
  readLabels,
  type HoleRecord,
  type LabelRecord,
  type LabelRun,
} from '@repoformer/dataset';

/** Holes of a dataset with the labels of one run. */
export interface LabelledHoles {
  readonly run: LabelRun;
  readonly holes: readonly { readonly hole: HoleRecord; readonly label: LabelRecord }[];
  /** Wanted holes that have no label yet. */
  readonly unlabelled: number;
}

/**
 * Joins holes and labels.
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
  const labels = await readLabels(labelsDirectory);
  const holes = (await readHoles(dataset)).filter(wanted);
  const labelled = holes.flatMap((hole) => {
    const label = labels.get(hole.id);
    return label ? [{ hole, label }] : [];
  });
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
