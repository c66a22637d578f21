import { inputDigests, readHoles, readLabelRun, readLabels } from '@repoformer/dataset';
import { visibleText } from '@repoformer/fim';
import { coverageOf } from './coverage.js';
import type { FitLabel, FitRecord } from './to-fit-table.js';

/** What is on disk of a dataset and one of its label runs. */
export interface LabelledHoles {
  readonly holes: readonly FitRecord[];
  /** By the hole's id. */
  readonly labels: ReadonlyMap<string, FitLabel>;
  readonly generator: { readonly name: string; readonly sha256: string };
  /** Most chunks in the labels' prompts. */
  readonly contextChunks: number;
  /** Tokens of the labels' read-outs, in their order; undefined: the run has none. */
  readonly readoutTokens?: readonly number[];
}

/**
 * Reads the holes of a dataset and the labels of one run over them.
 *
 * @param dataset folder that `repoformer-dataset build` made
 * @param run folder that `repoformer-dataset label` made
 * @throws AppError naming the file, and the line, that cannot be read
 */
export async function readLabelledHoles(dataset: string, run: string): Promise<LabelledHoles> {
  const { model, readoutTokens, settings } = await readLabelRun(run);
  const holes = await readHoles(dataset);
  const inputs = inputDigests(holes);
  const labels = await readLabels(run, inputs);
  return {
    // Without the texts, of which there may be more than fits into memory beside a fit.
    holes: holes.map((hole) => {
      const { id, repository, split, language, features, context } = hole;
      return {
        id,
        input: inputs.get(id)!,
        repository,
        split,
        language,
        features,
        context: { source: context.source, queriedWithMiddle: context.queriedWithMiddle },
        coverage: coverageOf(hole, visibleText(settings.budgets)),
      };
    }),
    labels,
    contextChunks: settings.maxChunks,
    generator: { name: model.name, sha256: model.sha256 },
    ...(readoutTokens.length > 0 && { readoutTokens }),
  };
}
