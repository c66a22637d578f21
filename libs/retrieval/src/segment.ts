import type { HitCollector } from './hit-collector.js';
import { roundUpToFour, scanWindows } from './scan-windows.js';
import { compareHashes } from './sort-words.js';
import type { WordSet } from './word-set.js';
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

  /**
   * Adds to `counts`, for each word of the query in its order, the number of windows that have it. Windows of
   * removed documents count.
   */
  addFrequencies(query: WordSet, counts: Uint32Array): void {
    const { offsets, bitmapWords } = this.data;
    const ranks: number[] = [];
    const found = this.findWords(query, ranks);
    for (const [i, word] of found.entries()) {
      const postings = offsets[word + 1]! - offsets[word]!;
      counts[ranks[i]!]! += postings > 0 ? postings : this.bitmapFrequency(bitmapWords.indexOf(word));
    }
  }

  /** Windows in which a word that is kept as a bitmap occurs. */
  private bitmapFrequency(bit: number): number {
    const cells = cellsOf(this.windowCount);
    let count = 0;
    for (let at = bit * cells; at < (bit + 1) * cells; at++) count += popCount(this.data.bitmaps[at]!);
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
