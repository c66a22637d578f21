import { queryText } from '@repoformer/retrieval';
import type { ChunkedRepository } from '../corpus/chunked-repository.js';
import { type TermIndex, type TermKind, type TermMeasure } from '../corpus/term-index.js';
import type { RetrievalRequest, Retriever } from '../ports.js';
import { closeWords, partsOf, plainWords, queryOf, type Closeness, type QueryText } from './query-words.js';
import { RANKED } from './ranked.js';
import { bm25, jaccard, weightedJaccard } from './term-measures.js';

/** Words of 16 lines up to the cursor and 8 below it, as the daemon asks. */
export const CLOSE: Closeness = { linesBefore: 16, linesAfter: 8, decay: 0.6 };

/** What is compared how. */
interface TermQuery {
  readonly weights: ReadonlyMap<number, number>;
  readonly measure: TermMeasure;
}

/** Jaccard similarity of words, or of the parts of names, with the lines around the cursor. */
export function jaccardRetriever(chunked: ChunkedRepository, kind: TermKind = 'words'): Retriever {
  return termRetriever(chunked.terms(kind), (query, index) => {
    const words = aroundCursor(query, index);
    return { weights: words, measure: jaccard(words.size) };
  });
}

/** Jaccard similarity where rare words count more. */
export function weightedJaccardRetriever(chunked: ChunkedRepository): Retriever {
  return termRetriever(chunked.terms(), (query, index) => {
    const weights = byRarity(aroundCursor(query, index), index);
    return { weights, measure: weightedJaccard(total(weights)) };
  });
}

/** BM25, all words of the query alike but for their rarity. */
export function bm25Retriever(chunked: ChunkedRepository): Retriever {
  return termRetriever(chunked.terms(), (query, index) => bm25Query(aroundCursor(query, index), index));
}

/** BM25 with counts, words or the parts of names weighing less the further away they stand. */
export function closeBm25Retriever(chunked: ChunkedRepository, kind: TermKind = 'words'): Retriever {
  const { vocabulary } = chunked.repository;
  return termRetriever(chunked.terms(kind), (query, index) => {
    const words = closeWords(query, CLOSE, vocabulary);
    return bm25Query(kind === 'words' ? words : partsOf(words, vocabulary), index);
  });
}

export function bm25Query(closeness: ReadonlyMap<number, number>, index: TermIndex): TermQuery {
  const weights = byRarity(closeness, index);
  return { weights, measure: bm25(total(weights), index.averageTerms) };
}

function termRetriever(index: TermIndex, read: (query: QueryText, index: TermIndex) => TermQuery): Retriever {
  return {
    async retrieve(request: RetrievalRequest) {
      const current = await index.chunked.openCurrent(request);
      const { weights, measure } = read(queryOf(request), index);
      return { chunks: index.search(weights, measure, request, current, RANKED) };
    },
  };
}

/** The terms of the lines that the paper's measure is asked with in the daemon. */
function aroundCursor({ prefix, suffix }: QueryText, index: TermIndex): Map<number, number> {
  const { vocabulary } = index.chunked.repository;
  const words = plainWords(queryText(prefix, suffix), vocabulary);
  if (index.kind === 'words') return words;
  return partsOf(words, vocabulary);
}

function byRarity(closeness: ReadonlyMap<number, number>, index: TermIndex): Map<number, number> {
  return new Map([...closeness].map(([term, weight]) => [term, weight * index.rarity(term)]));
}

function total(weights: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const weight of weights.values()) sum += weight;
  return sum;
}
