import { lastLines, rankChunks } from '@repoformer/retrieval';
import type { ChunkedRepository } from '../corpus/chunked-repository.js';
import type { Retriever, ScoredCandidate } from '../ports.js';
import { plainWords } from './query-words.js';
import { RANKED } from './ranked.js';
import { jaccard } from './term-measures.js';

/** Lines of the query: as many as the paper's windows have. */
const QUERY_LINES = 20;

/**
 * As in the paper: Jaccard similarity with the last lines before the cursor, in other files only; each hit gives way
 * to the lines that follow it, as many as it has (fragment alignment).
 */
export function paperRetriever(chunked: ChunkedRepository): Retriever {
  const index = chunked.terms();
  return {
    retrieve: (request) => {
      const words = plainWords(lastLines(request.prefix, QUERY_LINES), chunked.repository.vocabulary);
      const hits = index.search(words, jaccard(words.size), request, { chunks: [] }, RANKED);
      const aligned = hits.flatMap((hit) => {
        const length = hit.endLine - hit.startLine;
        const [chunk] = rankChunks([{ ...hit, document: 0 }], {
          windowLines: length,
          strideLines: Math.ceil(length / 2),
          alignment: 'following',
          linesOf: () => hit.lines.length,
          readLines: (_, from, to) => hit.lines.slice(from, to).join('\n'),
        });
        return chunk ? [{ ...hit, startLine: chunk.startLine, endLine: chunk.endLine }] : [];
      });
      return Promise.resolve({ chunks: aligned satisfies ScoredCandidate[] });
    },
  };
}
