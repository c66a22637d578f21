import type { BestHits } from './best-hits.js';
import type { HitCollector } from './hit-collector.js';
import { addColumn, roundUpToFour, scanWindows } from './scan-windows.js';
import { scanSums } from './scan-sums.js';
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
  /** Numbers of the windows that have the word. */
  readonly postings: Uint16Array;
  /** The words kept as bitmaps, ascending; at most {@link BITMAP_WORDS}. */
  readonly bitmapWords: Uint32Array;
  /** For each of `bitmapWords`, a column of {@link cellsOf} cells: bit w % 32 of cell w / 32 is window w's. */
  readonly bitmaps: Int32Array;
}

/** 32-bit cells in a word's column of bits. */
export function cellsOf(windowCount: number): number {
  return (windowCount + 31) >>> 5;
}

/** Counters for one search, at least as many as the segment has windows; their content does not matter. */
export type Counters = Uint8Array | Uint16Array | Uint32Array;

/**
 * An inverted index over some windows. Immutable, except that documents can be removed: their windows' sizes
 * become 0, which no search lets pass.
 */
export class Segment {
  readonly data: SegmentData;
  readonly windowCount: number;
  liveWindows: number;

  constructor(data: SegmentData) {
    this.data = data;
    this.windowCount = data.windows.windowSize.length;
    this.liveWindows = this.windowCount;
  }

  get memoryBytes(): number {
    const { windows, ...words } = this.data;
    let bytes = 0;
    for (const array of [...Object.values(windows), ...Object.values(words)]) bytes += array.byteLength;
    return bytes;
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
      for (let window = firstWindow[at]!; window < firstWindow[at + 1]!; window++) {
        postings += windowSize[window]!;
        windowSize[window] = 0;
      }
    }
    this.liveWindows -= windows;
    return windows === 0 ? undefined : { windows, postings, lines };
  }

  search(query: WordSet, windowLines: number, counters: Counters, collector: HitCollector): void {
    const matched = this.findWords(query);
    if (!collector.isPossible(matched.length, query.size + matched.length)) return;
    const counts = counters.subarray(0, roundUpToFour(this.windowCount)) as Counters;
    counts.fill(0);
    const columns = this.countPostings(matched, counts);
    scanWindows(this.data, { querySize: query.size, counts, columns, windowLines }, collector);
  }

  /** @param sums at least as many as there are windows; their content does not matter */
  searchWeighted(
    query: WordWeights,
    score: WindowScore,
    windowLines: number,
    sums: Uint16Array,
    best: BestHits,
  ): void {
    const { offsets, postings, bitmaps, bitmapWords } = this.data;
    const own = sums.subarray(0, roundUpToFour(this.windowCount));
    own.fill(0);
    const ranks: number[] = [];
    const matched = this.findWords(query.words, ranks);
    let bit = 0;
    for (const [i, word] of matched.entries()) {
      const weight = query.weights[ranks[i]!]!;
      if (weight === 0) continue;
      const end = offsets[word + 1]!;
      let at = offsets[word]!;
      if (at === end) {
        while (bitmapWords[bit]! < word) bit++;
        addColumn(bitmaps, bit * cellsOf(this.windowCount), weight, own);
      }
      for (; at < end; at++) own[postings[at]!]! += weight;
    }
    scanSums(this.data, own, score, windowLines, best);
  }

  /** Adds to `counts`, for each word of the query in its order, the number of windows that have it. */
  addFrequencies(query: WordSet, counts: Uint32Array): void {
    const { bitmapWords } = this.data;
    const ranks: number[] = [];
    const found = this.findWords(query, ranks);
    let bit = 0;
    for (const [i, word] of found.entries()) {
      const isBitmap = this.data.offsets[word] === this.data.offsets[word + 1];
      if (isBitmap) while (bitmapWords[bit]! < word) bit++;
      counts[ranks[i]!]! += isBitmap ? this.bitFrequency(bit) : this.postingFrequency(word);
    }
  }

  private postingFrequency(word: number): number {
    const { offsets, postings, windows } = this.data;
    const from = offsets[word]!;
    const to = offsets[word + 1]!;
    if (this.liveWindows === this.windowCount) return to - from;
    let count = 0;
    for (let at = from; at < to; at++) if (windows.windowSize[postings[at]!] !== 0) count++;
    return count;
  }

  /** Windows in which a word that is kept as a bitmap occurs. */
  private bitFrequency(bit: number): number {
    const { bitmaps, windows } = this.data;
    const cells = cellsOf(this.windowCount);
    const isWhole = this.liveWindows === this.windowCount;
    let count = 0;
    for (let cell = 0; cell < cells; cell++) {
      const bits = bitmaps[bit * cells + cell]!;
      if (isWhole) {
        count += popCount(bits);
        continue;
      }
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        if (windows.windowSize[(cell << 5) + 31 - Math.clz32(rest & -rest)] !== 0) count++;
      }
    }
    return count;
  }

  /**
   * Numbers of the query's words that occur in this segment.
   *
   * @param ranks is given, for each of them, its place in the query
   */
  private findWords(query: WordSet, ranks?: number[]): number[] {
    const { highs, lows } = this.data;
    const found: number[] = [];
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
        found.push(from++);
        ranks?.push(i);
      }
    }
    return found;
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

/** Number of bits set in a 32-bit integer. */
function popCount(value: number): number {
  let sum = value - ((value >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
