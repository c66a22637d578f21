import {
  abortError,
  LEADING_LINES,
  throwIfAborted,
  type Chunk,
  type Clock,
  type RetrievalQuery,
  type RetrievalResult,
  type WordStatistics,
} from '@repoformer/domain';
import {
  createNearDuplicateTest,
  jaccardOf,
  lastLines,
  queryText,
  rankBlocks,
  rankChunks,
  sliceLines,
  sumOfWeights,
  TextLines,
  weighWords,
  weightedQuery,
  WindowScore,
  wordSet,
  type CountedWords,
  type CodeBlocks,
  type RankedChunk,
  type WordSet,
} from '@repoformer/retrieval';
import { CurrentFiles } from './current-files.js';
import type { IndexOptions } from './index-options.js';
import { OverlayIndex } from './overlay-index.js';
import { searchFiles, type FileSearch, type Found, type Source } from './search-files.js';
import { TextCache } from './text-cache.js';
import { TimeSlice } from './time-slice.js';
import type { TrackedRepository } from './tracked-repository.js';

/** Most chunks one query may ask for. */
const MAX_TOP_K = 1_000;
/** Hits looked up beyond those asked for, as some are dropped when their text is seen. */
const SPARE_HITS = 16;
/** Texts read at a time. */
const READ_BATCH = 8;
/** Windows before and after the hole whose lines count as known to the model, where the query does not say. */
const CONTEXT_WINDOWS = 5;
/**
 * Without a path the current file cannot be excluded by name: a chunk of which half the lines stand in prefix
 * or suffix is taken for a part of it.
 */
const OWN_FILE_SHARE = 0.5;

const never = new AbortController().signal;

/** Answers retrieval queries from the indexed files and the open buffers of a repository. */
export class Retriever {
  readonly #options: IndexOptions;
  readonly #clock: Clock;
  readonly #texts: TextCache;
  readonly #open = new WeakMap<TrackedRepository, { overlay: OverlayIndex; current: CurrentFiles }>();

  constructor(options: IndexOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#texts = new TextCache(options.textCacheBytes);
  }

  /**
   * The best chunks, as a search through every window of every file would give them: by score, then path, then
   * line. A chunk whose text cannot be read any more is left out.
   */
  async retrieve(
    repository: TrackedRepository,
    query: RetrievalQuery,
    signal: AbortSignal = never,
  ): Promise<RetrievalResult> {
    const topK = Math.max(0, Math.min(MAX_TOP_K, Math.floor(query.topK) || 0));
    if (topK === 0) return result(repository, []);

    const { overlay, current } = this.#openOf(repository);
    const others = query.openBuffers.filter(({ path }) => path !== '' && path !== query.path);
    const unseen = current.unseen(query);
    const own = unseen && { path: query.path, unseen };
    const hidden = new Set([query.path, ...others.map(({ path }) => path)]);
    const slice = new TimeSlice(this.#clock, this.#options.sliceMs);
    const isUnwanted = duplicateTest(query, this.#options.windowLines);
    const texts = new Map<string, TextLines | undefined>();

    for (let limit = topK + SPARE_HITS; ; limit *= 4) {
      // Prepared anew in each round: another query's buffers may have pushed ours out in the meantime.
      const open = await overlay.prepare(others, own, repository.rules, slice, signal);
      const { search, scoreOf, counted } = searchFor(repository, query);
      const found = searchFiles(repository.files, overlay.index, open, {
        hidden,
        limit,
        windows: this.#options,
        search,
      });
      const answer = { ...result(repository, []), words: statisticsOf(repository, query, counted) };
      const chunks = await this.#rank(repository, query, found, { topK, scoreOf, isUnwanted, texts, signal });
      if (chunks.length === topK || found.hits.length < limit) {
        return { ...answer, chunks: chunks.map((chunk) => toChunk(chunk, found.sources, texts)) };
      }
    }
  }

  /** Ranks until no text is lacking; reads the lacking ones in between, best hits first. */
  async #rank(
    repository: TrackedRepository,
    query: RetrievalQuery,
    { hits, sources }: Found,
    options: {
      readonly topK: number;
      readonly scoreOf: (words: WordSet) => number;
      readonly isUnwanted: (text: string) => boolean;
      readonly texts: Map<string, TextLines | undefined>;
      readonly signal: AbortSignal;
    },
  ): Promise<RankedChunk[]> {
    const { topK, scoreOf, isUnwanted, texts, signal } = options;
    const { windowLines } = this.#options;
    const slices = new Map<string, string>();
    const blocks = new Map<number, CodeBlocks | undefined>();
    const scores = new Map<string, number>();
    for (;;) {
      throwIfAborted(signal);
      const lacking = new Set<string>();
      const textOf = ({ text, oid }: Source) => {
        if (text !== undefined || oid === undefined) return text;
        if (!texts.has(oid)) lacking.add(oid);
        return texts.get(oid);
      };
      const readLines = (document: number, startLine: number, endLine: number) => {
        const key = `${document}:${startLine}:${endLine}`;
        const slice = slices.get(key) ?? textOf(sources.get(document)!)?.slice(startLine, endLine);
        if (slice !== undefined) slices.set(key, slice);
        return slice;
      };
      const { alignment } = query;
      const chunks =
        alignment === 'block'
          ? rankBlocks(hits, {
              ...{ topK, isUnwanted, readLines },
              blocksWithin: (document, range) =>
                memoised(blocks, document, () => textOf(sources.get(document)!)?.blocks(windowLines))?.within(
                  range,
                ) ?? [],
              scoreOf: (text) => memoised(scores, text, () => scoreOf(wordSet(text))),
              compareDocuments: (a, b) => comparePaths(sources.get(a)!, sources.get(b)!) || a - b,
            })
          : rankChunks(hits, {
              ...{ ...this.#options, topK, alignment, isUnwanted, readLines },
              linesOf: (document) => sources.get(document)!.lines,
            });
      if (lacking.size === 0) return chunks;
      const batch = [...lacking].slice(0, READ_BATCH);
      const read = await Promise.all(batch.map((oid) => this.#readText(repository, oid, signal)));
      batch.forEach((oid, i) => texts.set(oid, read[i]));
    }
  }

  /** A blob's text; undefined when it is not to be had any more. */
  async #readText(
    repository: TrackedRepository,
    oid: string,
    signal: AbortSignal,
  ): Promise<TextLines | undefined> {
    const known = this.#texts.get(oid);
    if (known !== undefined) return known;
    try {
      const reader = await untilAborted(repository.reader(), signal);
      const content = await untilAborted(reader.readBlob(oid, this.#options.maxFileBytes), signal);
      if (content.kind !== 'content') return undefined;
      const text = new TextLines(new TextDecoder().decode(content.bytes));
      this.#texts.set(oid, text);
      return text;
    } catch {
      throwIfAborted(signal);
      return undefined;
    }
  }

  #openOf(repository: TrackedRepository): { overlay: OverlayIndex; current: CurrentFiles } {
    let open = this.#open.get(repository);
    if (!open) {
      const { maxFileBytes, maxOverlayBytes } = this.#options;
      open = {
        overlay: new OverlayIndex(this.#options),
        current: new CurrentFiles(maxFileBytes, 2 * maxOverlayBytes),
      };
      this.#open.set(repository, open);
    }
    return open;
  }
}

/** What a query asks of everything that is searched for it, and what that says of its words. */
function searchFor(
  { files: { index } }: TrackedRepository,
  { retriever, prefix, suffix }: RetrievalQuery,
): {
  readonly search: FileSearch;
  /** Of a piece of text by itself, as a window of its words would score. */
  readonly scoreOf: (words: WordSet) => number;
  readonly counted?: CountedWords;
} {
  if (retriever === 'jaccard') {
    const words = wordSet(queryText(prefix, suffix));
    return {
      search: {
        index: (each, options) => each.search(words, options),
        text: (text, options, windows) => text.search(words, options, windows),
      },
      scoreOf: (others) => jaccardOf(words, others),
    };
  }
  const query = weightedQuery(prefix, suffix);
  const { words } = query;
  // How rare a word is, is a matter of what is committed: open buffers come and go.
  const counts = index.frequenciesOf(words);
  const weights = weighWords(query, counts, {
    count: index.windowCount,
    averageSize: index.averageWindowSize,
  });
  const score = new WindowScore(weights);
  return {
    search: {
      index: (each, options) => each.searchWeighted(weights, options),
      text: (text, options, windows) => text.searchWeighted(weights, options, windows),
    },
    scoreOf: (others) => score.of(sumOfWeights(weights, others), others.size),
    counted: { words, counts },
  };
}

/** Words beyond these are not looked up: a query of ordinary lines has fewer. */
const MAX_COUNTED_WORDS = 1_000;

function statisticsOf(
  { files: { index } }: TrackedRepository,
  { prefix, suffix }: RetrievalQuery,
  counted: CountedWords | undefined,
): WordStatistics {
  const words = queryText(prefix, suffix).match(/[\w\u0080-\u{10ffff}]+/gu) ?? [];
  return {
    windows: index.windowCount,
    frequencies: index.frequencies(words.slice(0, MAX_COUNTED_WORDS), counted),
  };
}

function memoised<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const value = known.get(key) ?? make();
  if (value !== undefined) known.set(key, value);
  return value;
}

function comparePaths(a: Source, b: Source): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function duplicateTest(query: RetrievalQuery, windowLines: number): (text: string) => boolean {
  if (query.path === '') return createNearDuplicateTest(`${query.prefix}\n${query.suffix}`, OWN_FILE_SHARE);
  const { prefix, suffix, visible } = query;
  const before = visible
    ? prefix.slice(Math.max(0, prefix.length - visible.beforeChars))
    : lastLines(prefix, CONTEXT_WINDOWS * windowLines);
  const after = visible
    ? suffix.slice(0, visible.afterChars)
    : sliceLines(suffix, 0, CONTEXT_WINDOWS * windowLines);
  return createNearDuplicateTest(`${before}\n${after}`);
}

function result(repository: TrackedRepository, chunks: readonly Chunk[]): RetrievalResult {
  return {
    chunks,
    // While a restart still takes files from the store, what is searched is not yet that commit.
    indexedCommit: repository.isLoaded ? repository.record.indexedCommit : undefined,
    headCommit: repository.head,
    state: repository.state,
    generation: repository.generation,
  };
}

function toChunk(
  chunk: RankedChunk,
  sources: ReadonlyMap<number, Source>,
  texts: ReadonlyMap<string, TextLines | undefined>,
): Chunk {
  const { document, startLine, endLine, score, text, matchedLine } = chunk;
  const { path, oid, text: openText } = sources.get(document)!;
  const whole = openText ?? texts.get(oid!);
  const leading = whole?.slice(Math.max(0, startLine - LEADING_LINES), startLine) ?? '';
  return {
    path,
    startLine,
    endLine,
    score,
    text,
    leading,
    ...(matchedLine !== undefined && { matchedLine }),
  };
}

/** Waits no longer than the signal allows. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal === never) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
  });
}
