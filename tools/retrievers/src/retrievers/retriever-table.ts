import type { ChunkedRepository } from '../corpus/chunked-repository.js';
import type { Retriever } from '../ports.js';
import type { NameModel } from '../names/name-model.js';
import type { SelectorName } from '../selection/selector-table.js';
import { daemonRetriever } from './daemon-retriever.js';
import { definitionsRetriever } from './definitions-retriever.js';
import { denseRetriever, type Embed } from './dense-retriever.js';
import { fusedRetriever } from './fused-retriever.js';
import { neededNamesRetriever } from './needed-names-retriever.js';
import { ngramRetriever } from './ngram-retriever.js';
import { paperRetriever } from './paper-retriever.js';
import {
  bm25Retriever,
  closeBm25Retriever,
  jaccardRetriever,
  weightedJaccardRetriever,
} from './term-retrievers.js';
import { usagesRetriever } from './usages-retriever.js';

export interface RetrieverParts {
  /** For `dense`. */
  readonly embed?: Embed;
  /** For `needed-names`. Default: the one that comes with this tool. */
  readonly nameModel?: NameModel;
}

/** One way to retrieve, and to choose from what was found unless told otherwise. */
export interface RetrieverRow {
  readonly about: string;
  readonly selector: SelectorName;
  readonly saysNames?: boolean;
  /** What it needs beside the repository: requests with drafts, an embedding model. */
  readonly needs?: 'draft' | 'embedding';
  create(chunked: ChunkedRepository, parts: RetrieverParts): Retriever | Promise<Retriever>;
}

/** By the name that the command line knows. */
export const RETRIEVERS = {
  daemon: {
    about: 'what the daemon does: BM25 without counts, words weigh 0.6 less a line from the cursor',
    selector: 'dropped',
    create: (chunked) => daemonRetriever(chunked),
  },
  paper: {
    about: 'Jaccard with the last 20 lines, other files only, the lines that follow each hit',
    selector: 'dropped',
    create: paperRetriever,
  },
  jaccard: {
    about: 'Jaccard of words with 12 lines around the cursor',
    selector: 'merged',
    create: (chunked) => jaccardRetriever(chunked),
  },
  'jaccard-sub-words': {
    about: 'the same of the parts of names',
    selector: 'merged',
    create: (chunked) => jaccardRetriever(chunked, 'sub-words'),
  },
  'jaccard-weighted': {
    about: 'the same of words weighted by their rarity',
    selector: 'merged',
    create: weightedJaccardRetriever,
  },
  bm25: {
    about: 'BM25 with 12 lines around the cursor, all alike',
    selector: 'merged',
    create: bm25Retriever,
  },
  'bm25-close': {
    about: 'BM25 with counts, words weigh 0.6 less a line from the cursor',
    selector: 'merged',
    create: (chunked) => closeBm25Retriever(chunked),
  },
  'bm25-sub-words': {
    about: 'the same of the parts of names',
    selector: 'merged',
    create: (chunked) => closeBm25Retriever(chunked, 'sub-words'),
  },
  ngrams: {
    about: "CodeBLEU's weighted n-gram match with 12 lines around the cursor",
    selector: 'merged',
    create: ngramRetriever,
  },
  definitions: {
    about: 'definitions of names that the file imports or calls',
    selector: 'merged',
    create: definitionsRetriever,
  },
  usages: {
    about: 'usages of the names at the cursor',
    selector: 'merged',
    create: usagesRetriever,
  },
  fused: {
    about: 'reciprocal ranks of bm25-close, jaccard-sub-words, definitions and usages',
    selector: 'merged',
    create: async (chunked) =>
      fusedRetriever([
        closeBm25Retriever(chunked),
        jaccardRetriever(chunked, 'sub-words'),
        await definitionsRetriever(chunked),
        usagesRetriever(chunked),
      ]),
  },
  draft: {
    about: "the daemon's, asked with what a model wrote without context, too",
    selector: 'dropped',
    needs: 'draft',
    create: (chunked) => daemonRetriever(chunked, { withDraft: true }),
  },
  dense: {
    about: 'cosine similarity of embeddings of the last 20 lines and of chunks',
    selector: 'merged',
    needs: 'embedding',
    create: (chunked, { embed }) => {
      if (embed === undefined) throw new Error('dense needs an embedding model');
      return denseRetriever(chunked, embed);
    },
  },
  'needed-names': {
    about: 'names that may be needed, covered by spans of at least 5 lines',
    selector: 'cover-5',
    saysNames: true,
    create: (chunked, { nameModel }) =>
      neededNamesRetriever(chunked, nameModel === undefined ? {} : { model: nameModel }),
  },
} as const satisfies Record<string, RetrieverRow>;

export type RetrieverName = keyof typeof RETRIEVERS;

export const RETRIEVER_NAMES = Object.keys(RETRIEVERS) as RetrieverName[];
