import type { Hole } from '@repoformer/dataset';
import type { Chunk } from '@repoformer/domain';

/** The published layouts of completion tasks that are read. */
export const TASK_FORMATS = ['repoeval', 'crosscodeeval'] as const;

/**
 * `repoeval`: RepoCoder's, one task a line with `metadata.ground_truth`. `crosscodeeval`: CrossCodeEval's, with
 * `groundtruth` and `right_context`; CrossCodeLongEval and the files that Repoformer makes of RepoEval have it too.
 */
export type TaskFormat = (typeof TASK_FORMATS)[number];

/** Context that comes with a data set, retrieved by its authors. */
export interface GivenContext {
  /** In the data set's order, best first. Where a chunk begins in its file is not published: lines count from 0. */
  readonly chunks: readonly Chunk[];
  /** As the data set puts it in front of a prompt: comments with a header; absent when it has none. */
  readonly text?: string;
}

/** One task of a published data set. */
export interface EvalTask {
  readonly hole: Hole;
  /** The data set's own name of the task; not unique in RepoEval's function tasks. */
  readonly taskId: string;
  readonly context?: GivenContext;
  /** Absolute path of the repository's files, where they were given and are there. */
  readonly repositoryRoot?: string;
}
