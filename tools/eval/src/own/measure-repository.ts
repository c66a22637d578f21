import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { AppError } from '@repoformer/domain';
import {
  buildHoles,
  DEFAULT_RUN_SETTINGS,
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
  type LabelProgress,
} from '@repoformer/dataset';
import { tunedPolicyPath } from '@repoformer/models';

export interface MeasureOptions {
  /** Any path inside the repository. */
  readonly path: string;
  readonly model: string;
  readonly modelsDirectory?: string;
  /** Holes to measure; fewer when the repository has not so many. */
  readonly holes: number;
  /** Where holes and labels are kept, so that the next call goes on with them. */
  readonly cacheDirectory: string;
  /** Threads of the model; 0: chosen from the machine. */
  readonly threads: number;
  /** Aborted: what is measured so far is what there is. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: LabelProgress) => void;
}

/** Where the measurements of a repository are. */
export interface Measured {
  readonly repository: CorpusRepository;
  readonly dataset: string;
  readonly labels: string;
  readonly modelName: string;
  /** The fitted policy that the daemon uses for this model; undefined: there is none. */
  readonly policyFile: string | undefined;
  /** Where a policy that is tuned here goes. */
  readonly tunedPolicyFile: string;
}

/** Holes drawn in addition, for those that turn out to have no context. */
const SPARE_SHARE = 1.1;

/**
 * Puts holes of a repository of this machine to a model, without and with context from its other files. Nothing
 * leaves the machine. What was measured before, of the same commit with the same model, is not measured again.
 *
 * @throws AppError invalid_argument/NOT_A_REPOSITORY; failed_precondition where there is no place for a hole; what the
 * model reports
 */
export async function measureRepository(options: MeasureOptions): Promise<Measured> {
  const { holes: wanted, signal } = options;
  const repository = await openLocalRepository(options.path, 'benchmark');
  const { name, split, root, commit } = repository;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 8);
  const dataset = join(options.cacheDirectory, 'own', `${basename(root)}-${id}`);
  const files = await readCorpusTexts(repository);
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
  const opened = await openLabelModel({
    model: options.model,
    ...(options.modelsDirectory !== undefined && { modelsDirectory: options.modelsDirectory }),
    threads: options.threads,
    signal,
  });
  try {
    const settings = { ...DEFAULT_RUN_SETTINGS, completions: 'all' as const };
    const directory = await openLabelRun(join(dataset, 'labels'), await describeLabelRun(opened, settings));
    const { onProgress } = options;
    await labelHoles(holes, new HoleRunner(opened.model, opened.format, settings), {
      directory,
      signal,
      ...(onProgress && { onProgress }),
    });
    const { spec, modelsDirectory } = opened;
    return {
      repository,
      dataset,
      labels: directory,
      modelName: spec.name,
      policyFile: spec.recommended?.file,
      tunedPolicyFile: tunedPolicyPath(modelsDirectory, spec.name),
    };
  } finally {
    await opened.model.close();
  }
}
