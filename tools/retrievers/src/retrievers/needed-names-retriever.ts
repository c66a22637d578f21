import type { ChunkedRepository, TokenChunk } from '../corpus/chunked-repository.js';
import { BestChunks, forEachTerm } from '../corpus/term-index.js';
import { genericWords } from '../names/generic-words.js';
import { nameCandidates, type NamePool } from '../names/name-candidates.js';
import { chancesOf, defaultNameModel, type NameModel } from '../names/name-model.js';
import type { RetrievalRequest, Retriever } from '../ports.js';
import { closeWords, queryOf } from './query-words.js';
import { RANKED } from './ranked.js';
import { bm25Query, CLOSE } from './term-retrievers.js';

export interface NeededNamesOptions {
  /** Default: the one that comes with this tool. */
  readonly model?: NameModel;
  /** Names that everyone uses. Default: the list that comes with this tool. */
  readonly generic?: ReadonlySet<string>;
}

/** Chunks of other files that are looked through, and most chunks of the current file. */
const POOL_CHUNKS = 40;
const OWN_CHUNKS = 200;

/**
 * Asks which names are needed, not which chunks are alike: every name in the best chunks by BM25, and in the rest of
 * the current file, gets a chance that it is needed; chunks are ranked by the chances of the names that they have.
 * `Ranking.names` tells the chances, for a selector that covers names once each.
 */
export function neededNamesRetriever(
  chunked: ChunkedRepository,
  { model = defaultNameModel(), generic = genericWords() }: NeededNamesOptions = {},
): Retriever {
  return {
    async retrieve(request) {
      const pool = await findNamePool(chunked, request);
      const names = chancesOf(nameCandidates(pool), model, (name) => generic.has(name));
      const ranked = new BestChunks(RANKED);
      for (const chunk of pool.chunks) {
        const score = massOf(chunk, names, chunked);
        if (score > 0) ranked.insert({ ...chunk, score });
      }
      return { chunks: ranked.chunks, names };
    },
  };
}

/** Where the names that a request needs are looked for. */
export async function findNamePool(chunked: ChunkedRepository, request: RetrievalRequest): Promise<NamePool> {
  const words = chunked.terms();
  const current = await chunked.openCurrent(request);
  const query = closeWords(queryOf(request), CLOSE, chunked.repository.vocabulary);
  const { weights, measure } = bm25Query(query, words);
  const others = words.search(weights, measure, request, { chunks: [] }, POOL_CHUNKS);
  const own = current.chunks
    .slice(0, OWN_CHUNKS)
    .map((chunk) => ({ ...chunk, score: words.scoreOf(weights, measure, chunk) }));
  const best = others[0]?.score ?? Math.max(...own.map(({ score }) => score), 0);
  const chunks = [...others, ...own].map((chunk) => ({ ...chunk, share: best > 0 ? chunk.score / best : 0 }));
  return { request, chunked, words, subWords: chunked.terms('sub-words'), current, weights, chunks };
}

/** The chances of all names that a chunk has. */
function massOf(
  { file, startLine, endLine }: TokenChunk,
  names: ReadonlyMap<string, number>,
  { repository: { vocabulary } }: ChunkedRepository,
): number {
  const seen = new Set<number>();
  let sum = 0;
  forEachTerm(file, startLine, endLine, vocabulary, 'words', (word) => {
    if (seen.has(word)) return;
    seen.add(word);
    sum += names.get(vocabulary.token(word)) ?? 0;
  });
  return Math.min(1, sum);
}
