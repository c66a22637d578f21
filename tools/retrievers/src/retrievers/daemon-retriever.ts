import { weighWords, weightedQuery, WindowScore, wordSet, type WordSet } from '@repoformer/retrieval';
import type { ChunkedRepository } from '../corpus/chunked-repository.js';
import { type TermIndex, type TermMeasure } from '../corpus/term-index.js';
import type { Vocabulary } from '../corpus/vocabulary.js';
import type { Retriever } from '../ports.js';
import { closeWords, queryOf, type QueryText } from './query-words.js';
import { RANKED } from './ranked.js';
import { CLOSE } from './term-retrievers.js';

export interface DaemonRetrieverOptions {
  /** Whether a draft belongs to the query. Default false. */
  readonly withDraft?: boolean;
}

/**
 * What the daemon does: the weights and the score are its own code, applied to the chunks of any chunker. With its
 * windows it ranks as it does (a test holds the two together).
 */
export function daemonRetriever(
  chunked: ChunkedRepository,
  { withDraft = false }: DaemonRetrieverOptions = {},
): Retriever {
  const index = chunked.terms();
  const { vocabulary } = chunked.repository;
  return {
    async retrieve(request) {
      const current = await chunked.openCurrent(request);
      const { weights, measure } = daemonQuery(queryOf(request, withDraft), index, vocabulary);
      return { chunks: index.search(weights, measure, request, current, RANKED) };
    },
  };
}

function daemonQuery(
  query: QueryText,
  index: TermIndex,
  vocabulary: Vocabulary,
): { weights: Map<number, number>; measure: TermMeasure } {
  const weighted = weightedQuery(query.prefix, query.suffix);
  const placeOf = placesOf(weighted.words);
  const places = [...closeWords(query, CLOSE, vocabulary).keys()].map(
    (word) => [word, placeOf(vocabulary.token(word))] as const,
  );
  const frequencies = new Uint32Array(weighted.words.size);
  for (const [word, place] of places) frequencies[place] = index.frequency(word);
  const worth = weighWords(weighted, frequencies, {
    count: index.chunkCount,
    averageSize: index.averageDistinct,
  });
  const score = new WindowScore(worth);
  return {
    weights: new Map(places.map(([word, place]) => [word, worth.weights[place]!])),
    measure: { gain: (weight) => weight, score: (sum, distinct) => score.of(sum, distinct) },
  };
}

/** Where in a set the hash of a word stands. */
function placesOf({ highs, lows }: WordSet): (word: string) => number {
  const places = new Map(Array.from(highs, (high, at) => [`${high}:${lows[at]!}`, at]));
  return (word) => {
    const hash = wordSet(word);
    return places.get(`${hash.highs[0]!}:${hash.lows[0]!}`)!;
  };
}
