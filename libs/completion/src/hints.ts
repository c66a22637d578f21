import type { Chunk, CompletionRequest } from '@repoformer/domain';

/** Lines of the prefix that a hint is compared with, as a retrieval query would be. */
const QUERY_LINES = 20;

/** The client's hints as chunks, scored like retrieved ones: Jaccard similarity of their words with the query's. */
export function scoreHints(request: Pick<CompletionRequest, 'hints' | 'prefix'>): Chunk[] {
  const query = words(request.prefix.split('\n').slice(-QUERY_LINES).join('\n'));
  return request.hints
    .filter((hint) => hint.text.trim() !== '')
    .map(({ path, text }) => ({
      path: path || 'hint',
      startLine: 0,
      endLine: text.split('\n').length,
      score: jaccard(query, words(text)),
      text,
    }))
    .sort((a, b) => b.score - a.score);
}

function words(text: string): Set<string> {
  return new Set(text.match(/\w+/g) ?? []);
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const word of a) if (b.has(word)) common++;
  const union = a.size + b.size - common;
  return union === 0 ? 0 : common / union;
}
