import type { Chunk, CompletionRequest } from '@repoformer/domain';
import { jaccardOf, queryText, wordSet } from '@repoformer/retrieval';

/**
 * The client's hints as chunks, scored as retrieved ones are: Jaccard similarity of their words with the query's.
 */
export function scoreHints(request: Pick<CompletionRequest, 'hints' | 'prefix' | 'suffix'>): Chunk[] {
  const query = wordSet(queryText(request.prefix, request.suffix));
  return request.hints
    .filter((hint) => hint.text.trim() !== '')
    .map(({ path, text }) => ({
      path: path || 'hint',
      startLine: 0,
      endLine: text.split('\n').length,
      score: jaccardOf(query, wordSet(text)),
      text,
    }))
    .sort((a, b) => b.score - a.score);
}
