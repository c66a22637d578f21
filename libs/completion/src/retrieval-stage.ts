import {
  alignmentOf,
  AppError,
  isCancellation,
  type Chunk,
  type CompletionRequest,
  type ContextOutcome,
  type RetrievalQuery,
  type RetrievalResult,
  type SnippetRetriever,
  type WordStatistics,
} from '@repoformer/domain';
import { scoreHints } from './hints.js';

/** What became of retrieval; never an exception. */
export interface RetrievalOutcome {
  /** Best first, hints among them. */
  readonly chunks: readonly Chunk[];
  /** Scores of `chunks`; undefined when retrieval gave no answer at all. */
  readonly scores: readonly number[] | undefined;
  /** How common the query's words are; undefined when nothing was searched. */
  readonly words: WordStatistics | undefined;
  /** What to report if the chunks are wanted and there are none. */
  readonly emptyOutcome: Exclude<ContextOutcome, 'used' | 'copied_from' | 'skipped_by_policy'>;
  readonly indexedCommit: string | undefined;
  readonly headCommit: string | undefined;
  /** Generation of the searched index; undefined when it did not answer. */
  readonly generation: number | undefined;
}

export type RetrievalStageOptions = Pick<RetrievalQuery, 'retriever' | 'topK' | 'visible'> & {
  readonly timeoutMs: number;
};

/**
 * Retrieves for a completion, within its own deadline. A failure, a time-out or a missing repository is an
 * outcome: retrieval never fails a completion.
 */
export async function retrieveForCompletion(
  retriever: SnippetRetriever,
  request: CompletionRequest,
  options: RetrievalStageOptions,
  signal: AbortSignal,
): Promise<RetrievalOutcome> {
  const { timeoutMs, ...how } = options;
  const hints = scoreHints(request, how.retriever);
  if (request.repository === '') return outcome(hints, 'no_repository');
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const result = await within(
      retriever.retrieve(
        { ...request, ...how, alignment: alignmentOf(how.retriever) },
        AbortSignal.any([signal, deadline]),
      ),
      deadline,
    );
    const chunks = [...hints, ...result.chunks].sort((a, b) => b.score - a.score);
    return outcome(chunks, emptyOutcomeOf(result), result);
  } catch (error) {
    if (deadline.aborted) return outcome(hints, 'timed_out');
    if (signal.aborted || isCancellation(error)) return outcome(hints, 'failed');
    const isUnknown = error instanceof AppError && error.reason === 'REPOSITORY_NOT_FOUND';
    return outcome(hints, isUnknown ? 'no_repository' : 'failed');
  }
}

/** What no chunks mean: an index that failed, such as that of a deleted repository, has not found nothing. */
function emptyOutcomeOf({ state, indexedCommit }: RetrievalResult): RetrievalOutcome['emptyOutcome'] {
  if (state === 'failed') return 'failed';
  return indexedCommit === undefined ? 'index_not_ready' : 'nothing_found';
}

/** Settles with the work, or rejects when the deadline passes first, whether or not the work heeds its signal. */
function within<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const expire = () => reject(deadline.reason as Error);
    if (deadline.aborted) expire();
    deadline.addEventListener('abort', expire, { once: true });
    work.then(resolve, reject).finally(() => deadline.removeEventListener('abort', expire));
  });
}

function outcome(
  chunks: readonly Chunk[],
  emptyOutcome: RetrievalOutcome['emptyOutcome'],
  result?: RetrievalResult,
): RetrievalOutcome {
  const answered = result !== undefined || chunks.length > 0;
  return {
    chunks,
    scores: answered ? chunks.map((chunk) => chunk.score) : undefined,
    words: result?.words,
    emptyOutcome,
    indexedCommit: result?.indexedCommit,
    headCommit: result?.headCommit,
    generation: result?.generation,
  };
}
