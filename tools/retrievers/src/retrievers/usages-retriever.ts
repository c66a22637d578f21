import type { ChunkedRepository } from '../corpus/chunked-repository.js';
import type { Retriever } from '../ports.js';
import { namesAtCursor } from './cursor-names.js';
import { queryOf } from './query-words.js';
import { RANKED } from './ranked.js';
import { bm25Query } from './term-retrievers.js';

/** What a name counts less than the one before it. */
const NEXT_NAME = 0.5;

/** Chunks that use what the completion is about: the receiver before the dot, the function called, the last name. */
export function usagesRetriever(chunked: ChunkedRepository): Retriever {
  const index = chunked.terms();
  return {
    async retrieve(request) {
      const names = namesAtCursor(queryOf(request));
      if (names.length === 0) return { chunks: [] };
      const weighted = new Map(
        names.map((name, at) => [chunked.repository.vocabulary.id(name), NEXT_NAME ** at] as const),
      );
      const current = await chunked.openCurrent(request);
      const { weights, measure } = bm25Query(weighted, index);
      return { chunks: index.search(weights, measure, request, current, RANKED) };
    },
  };
}
