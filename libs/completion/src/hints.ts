import type { Chunk, CompletionRequest, RetrieverName } from '@repoformer/domain';
import {
  jaccardOf,
  queryText,
  sumOfWeights,
  weighWords,
  weightedQuery,
  WindowScore,
  wordSet,
  type WordSet,
} from '@repoformer/retrieval';

/** Words of a usual window; how long hints are compared with it. */
const USUAL_SIZE = 50;

/**
 * The client's hints as chunks, scored as retrieved ones are, so that they compete: by weighted words, all as rare
 * as another since hints are no index, or by the Jaccard similarity of their words with the query's.
 */
export function scoreHints(
  request: Pick<CompletionRequest, 'hints' | 'prefix' | 'suffix'>,
  retriever: RetrieverName,
): Chunk[] {
  const scoreOf = retriever === 'jaccard' ? similarity(request) : weight(request);
  return request.hints
    .filter((hint) => hint.text.trim() !== '')
    .map(({ path, text }) => ({
      path: path || 'hint',
      startLine: 0,
      endLine: text.split('\n').length,
      score: scoreOf(wordSet(text)),
      text,
    }))
    .sort((a, b) => b.score - a.score);
}

type ScoreOf = (words: WordSet) => number;

function similarity({ prefix, suffix }: Pick<CompletionRequest, 'prefix' | 'suffix'>): ScoreOf {
  const query = wordSet(queryText(prefix, suffix));
  return (words) => jaccardOf(query, words);
}

function weight({ prefix, suffix }: Pick<CompletionRequest, 'prefix' | 'suffix'>): ScoreOf {
  const query = weightedQuery(prefix, suffix);
  const frequencies = new Uint32Array(query.words.size);
  const weights = weighWords(query, frequencies, { count: 1, averageSize: USUAL_SIZE });
  const score = new WindowScore(weights);
  return (words) => score.of(sumOfWeights(weights, words), words.size);
}
