import { cellsOf } from './bit-columns.js';
import type { BestHits } from './best-hits.js';
import type { HitCollector } from './hit-collector.js';
import { LiveFrequencies } from './live-frequencies.js';
import { addColumn, roundUpToFour, scanWindows } from './scan-windows.js';
import { insertFound, scanSums } from './scan-sums.js';
import { findBySums, type SumBuffer, type Term } from './search-sums.js';
import { compareHashes } from './sort-words.js';
import type { WordSet } from './word-set.js';
import type { WindowScore, WordWeights } from './word-weights.js';
import { lowerBound, type Removed, type WindowTable } from './window-table.js';

/** The most frequent words of a segment are kept as one bit for each window instead of as postings. */
export const BITMAP_WORDS = 64;

/** Window numbers are 16 bits wide. */
export const MAX_SEGMENT_WINDOWS = 65_536;

export interface SegmentData {
  readonly windows: WindowTable;
  /** Number of words of the smallest of each four windows, as they were when none was removed. */
  readonly smallestOfFour: Uint8Array;
  /** Hashes of the distinct words, ascending. */
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  /** Where each word's postings begin, and, last, where they end; empty for words kept as bitmaps. */
  readonly offsets: Uint32Array;
  /** Numbers of the windows that have the word, ascending. */
  readonly postings: Uint16Array;
  /** The words kept as bitmaps, ascending; at most {@link BITMAP_WORDS}. */
  readonly bitmapWords: Uint32Array;
  /** For each of `bitmapWords`, a column of {@link cellsOf} cells: bit w % 32 of cell w / 32 is window w's. */
  readonly bitmaps: Int32Array;
}

/** Counters for one search, at least as many as the segment has windows; their content does not matter. */
export type Counters = Uint8Array | Uint16Array | Uint32Array;

/** Words of a query that a segment has: their numbers and their places in the query. */
interface FoundWords {
  readonly query: WordSet;
  readonly words: readonly number[];
  readonly ranks: readonly number[];
}

/**
 * An inverted index over some windows. Immutable, except that documents can be removed: their windows' sizes
 * become 0, which no search lets pass.
 */
export class Segment {
  readonly data: SegmentData;
  readonly windowCount: number;
  liveWindows: number;
  private readonly frequencies: LiveFrequencies;
  private found: FoundWords | undefined;

  /** @param data windows of size 0 are those of removed documents */
  constructor(data: SegmentData) {
    this.data = data;
    this.windowCount = data.windows.windowSize.length;
    this.liveWindows = this.windowCount;
    for (const size of data.windows.windowSize) if (size === 0) this.liveWindows--;
    this.frequencies = new LiveFrequencies(data);
  }

  get memoryBytes(): number {
    return Object.values(this.memoryByPart).reduce((sum, bytes) => sum + bytes, 0);
  }

  get memoryByPart(): Readonly<Record<'postings' | 'bits' | 'words' | 'windows', number>> {
    const { windows, smallestOfFour, highs, lows, offsets, postings, bitmapWords, bitmaps } = this.data;
    const sizeOf = (...arrays: readonly ArrayBufferView[]) =>
      arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return {
      postings: sizeOf(postings),
      bits: sizeOf(bitmaps, bitmapWords),
      words: sizeOf(highs, lows, offsets),
      windows: sizeOf(smallestOfFour, ...Object.values(windows)),
    };
  }

  has(document: number): boolean {
    const { documents, firstWindow, windowSize } = this.data.windows;
    for (let at = lowerBound(documents, document); documents[at] === document; at++) {
      if (windowSize[firstWindow[at]!] !== 0) return true;
    }
    return false;
  }

  remove(document: number): Removed | undefined {
    const { documents, documentLines, firstWindow, windowSize } = this.data.windows;
    let windows = 0;
    let postings = 0;
    let lines = 0;
    for (let at = lowerBound(documents, document); documents[at] === document; at++) {
      if (windowSize[firstWindow[at]!] === 0) continue;
      lines = documentLines[at]!;
      windows += firstWindow[at + 1]! - firstWindow[at]!;
      this.frequencies.remove(firstWindow[at]!, firstWindow[at + 1]!);
      for (let window = firstWindow[at]!; window < firstWindow[at + 1]!; window++) {
        postings += windowSize[window]!;
        windowSize[window] = 0;
      }
    }
    this.liveWindows -= windows;
    return windows === 0 ? undefined : { windows, postings, lines };
  }

  search(query: WordSet, windowLines: number, counters: Counters, collector: HitCollector): void {
    const { words: matched } = this.find(query);
    if (!collector.isPossible(matched.length, query.size + matched.length)) return;
    const counts = counters.subarray(0, roundUpToFour(this.windowCount)) as Counters;
    counts.fill(0);
    const columns = this.countPostings(matched, counts);
    scanWindows(this.data, { querySize: query.size, counts, columns, windowLines }, collector);
  }

  searchWeighted(
    query: WordWeights,
    score: WindowScore,
    windowLines: number,
    buffer: SumBuffer,
    best: BestHits,
  ): void {
    const { data } = this;
    const terms = this.termsOf(query);
    const count = findBySums(data, terms, score.boundOf(best.least), buffer);
    if (count !== undefined) {
      insertFound(data, buffer, count, score, windowLines, best);
      return;
    }
    const sums = buffer.sums.subarray(0, roundUpToFour(this.windowCount));
    for (const { weight, column, from, to } of terms) {
      if (column >= 0) addColumn(data.bitmaps, column, weight, sums);
      for (let at = from; at < to; at++) sums[data.postings[at]!]! += weight;
    }
    scanSums(data, sums, score, windowLines, best);
    sums.fill(0);
  }

  /** Adds to `counts`, for each word of the query in its order, the number of windows that have it. */
  addFrequencies(query: WordSet, counts: Uint32Array): void {
    const { offsets, bitmapWords } = this.data;
    const { words, ranks } = this.find(query);
    let bit = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const isBitmap = offsets[word] === offsets[word + 1];
      if (isBitmap) while (bitmapWords[bit]! < word) bit++;
      counts[ranks[i]!]! += isBitmap ? this.frequencies.ofBit(bit) : this.frequencies.ofPostings(word);
    }
  }

  /** The query's words of any weight that occur in this segment. */
  private termsOf({ words: query, weights }: WordWeights): Term[] {
    const { offsets, bitmapWords } = this.data;
    const { words, ranks } = this.find(query);
    const terms: Term[] = [];
    let bit = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]!;
      const weight = weights[ranks[i]!]!;
      if (weight === 0) continue;
      const from = offsets[word]!;
      const to = offsets[word + 1]!;
      if (from < to) {
        terms.push({ weight, frequency: to - from, from, to, column: -1 });
      } else {
        while (bitmapWords[bit]! < word) bit++;
        const column = bit * cellsOf(this.windowCount);
        terms.push({ weight, frequency: this.frequencies.ofBit(bit), from, to, column });
      }
    }
    return terms;
  }

  /** The query's words that occur in this segment: a query is asked about more than once, and seldom of many. */
  private find(query: WordSet): FoundWords {
    if (this.found?.query !== query) this.found = this.findWords(query);
    return this.found;
  }

  private findWords(query: WordSet): FoundWords {
    const { highs, lows } = this.data;
    const words: number[] = [];
    const ranks: number[] = [];
    let from = 0;
    for (let i = 0; i < query.size; i++) {
      const high = query.highs[i]!;
      const low = query.lows[i]!;
      // Both lists ascend, so each search begins where the last one ended.
      for (let to = highs.length; from < to;) {
        const middle = (from + to) >>> 1;
        if (compareHashes(highs[middle]!, lows[middle]!, high, low) < 0) from = middle + 1;
        else to = middle;
      }
      if (from < highs.length && highs[from] === high && lows[from] === low) {
        words.push(from++);
        ranks.push(i);
      }
    }
    return { query, words, ranks };
  }

  /** Adds up the postings of the matched words; returns where the columns of those that are bitmaps begin. */
  private countPostings(matched: readonly number[], counts: Counters): number[] {
    const { offsets, postings, bitmapWords } = this.data;
    const cells = cellsOf(this.windowCount);
    const columns: number[] = [];
    let bit = 0;
    for (const word of matched) {
      const end = offsets[word + 1]!;
      let at = offsets[word]!;
      if (at === end) {
        while (bitmapWords[bit]! < word) bit++;
        columns.push(bit * cells);
      }
      for (; at < end; at++) counts[postings[at]!]!++;
    }
    return columns;
  }
}
