import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import type { ResolvedConfig } from '@repoformer/config';
import {
  buildHoles,
  describeLabelRun,
  HoleRunner,
  labelHoles,
  openLabelModel,
  openLabelRun,
  openLocalRepository,
  readCorpusTexts,
  readHoles,
  sampleHoles,
  type CorpusRepository,
  type HoleRecord,
  type LabelModel,
  type LabelProgress,
} from '@repoformer/dataset';
import { AppError, type RecommendedPolicy } from '@repoformer/domain';
import { tunedPolicyPath } from '@repoformer/models';
import { ownModelOptions, ownRunSettings } from './own-run.js';

export interface MeasureOptions {
  /** Any path inside the repository. */
  readonly path: string;
  /** Options of the daemon: model and prompts are as it would have them. */
  readonly settings: ResolvedConfig;
  /** Holes to measure; fewer when the repository has not so many. */
  readonly holes: number;
  /** Where holes and labels are kept, so that the next call goes on with them. */
  readonly cacheDirectory: string;
  /** Refuses a model that has no fitted policy before anything is measured. */
  readonly needsPolicy?: boolean;
  /** Aborted: what is measured so far is what there is. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LabelProgress) => void;
}

/** Where the measurements of a repository are, and what the model is. */
export interface Measured {
  readonly repository: CorpusRepository;
  readonly dataset: string;
  readonly labels: string;
  readonly modelName: string;
  /** What the daemon would decide by, where something is recommended for this model or set. */
  readonly recommended: RecommendedPolicy | undefined;
  /** Where a policy that is tuned here goes. */
  readonly tunedPolicyFile: string;
  /** Whether the prompt without context is a part of the one with it. */
  readonly sharesPrefix: boolean;
  /** Whether the model has a retrieval token. */
  readonly selfSelecting: boolean;
}

/** Holes drawn in addition, for those that turn out to have no context. */
const SPARE_SHARE = 1.1;

/**
 * Puts holes of a repository of this machine to a model, without and with context from its other files. Nothing
 * leaves the machine. What was measured before, of the same commit with the same model, is not measured again.
 *
 * @throws AppError invalid_argument/NOT_A_REPOSITORY; failed_precondition where there is no place for a hole, no
 * context to measure or no policy that is needed; what the model reports
 */
export async function measureRepository(options: MeasureOptions): Promise<Measured> {
  const { settings, signal, onProgress } = options;
  const runSettings = ownRunSettings(settings);
  const repository = await openLocalRepository(options.path, 'benchmark', { signal });
  // The model comes before the holes: what is wrong with it, or lacking, is to be known before any waiting.
  const opened = await openLabelModel({ ...ownModelOptions(settings), signal });
  try {
    const recommended = recommendedFor(opened, settings);
    if (options.needsPolicy && recommended?.file === undefined) throw noPolicy(opened.spec.name);
    const { dataset, holes } = await holesOf(repository, options);
    const run = await describeLabelRun(opened, runSettings);
    const directory = await openLabelRun(join(dataset, 'labels'), run);
    await labelHoles(holes, new HoleRunner(opened.model, opened.format, runSettings), {
      directory,
      signal,
      ...(onProgress && { onProgress }),
    });
    const { spec, modelsDirectory, format } = opened;
    return {
      repository,
      dataset,
      labels: directory,
      modelName: spec.name,
      recommended,
      tunedPolicyFile: tunedPolicyPath(modelsDirectory, spec.name),
      sharesPrefix: format.sharesPrefix,
      selfSelecting: format.decisionToken !== undefined,
    };
  } finally {
    await opened.model.close();
  }
}

/** The repository's holes with their context, in a folder of the cache. */
async function holesOf(
  repository: CorpusRepository,
  { holes: wanted, cacheDirectory, signal }: MeasureOptions,
): Promise<{ readonly dataset: string; readonly holes: readonly HoleRecord[] }> {
  const { name, split, root, commit } = repository;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const dataset = join(cacheDirectory, 'own', `${basename(root)}-${id}`);
  const files = await readCorpusTexts(repository, signal);
  const count = Math.ceil(wanted * SPARE_SHARE);
  const sampled = await sampleHoles({ name, split, files }, { seed: '1', count });
  if (sampled.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${root} has no place for a hole: it needs committed source files of some length, in ${repository.languages.join(', ')}`,
    });
  }
  const context = { withMiddleShare: 0, randomShare: 0 };
  await buildHoles({ name, root, commit, files }, sampled, { directory: dataset, context, signal });
  const holes = (await readHoles(dataset))
    .filter(({ context: { chunks } }) => chunks.length > 0)
    .slice(0, wanted);
  return { dataset, holes };
}

/** As the daemon chooses: the file that is set, else what suits the model. */
function recommendedFor(
  { spec }: LabelModel,
  { config: { policyFile } }: ResolvedConfig,
): RecommendedPolicy | undefined {
  return policyFile === undefined ? spec.recommended : { policy: 'classifier', file: policyFile };
}

function noPolicy(model: string): AppError {
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `there is no fitted policy for ${model} to begin with; name one with --policy, or fit one with \`repoformer-policy fit\``,
  });
}
