import type { HitCollector } from './hit-collector.js';
import { compareHashes } from './sort-words.js';
import type { WordSet } from './word-set.js';
import { documentOfWindow, lowerBound, type Removed, type WindowTable } from './window-table.js';

/** The most frequent words of a segment are kept as one bit per window instead of as postings. */
export const BITMAP_WORDS = 64;
/** Words before bitmaps in memory: two 32-bit cells for each window. */
export const BITMAP_CELLS = BITMAP_WORDS / 32;

/** Window numbers are 16 bits wide. */
export const MAX_SEGMENT_WINDOWS = 65_536;

export interface SegmentData {
  readonly windows: WindowTable;
  /** Hashes of the distinct words, ascending. */
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  /** Where each word's postings begin, and, last, where they end; empty for words kept as bitmaps. */
  readonly offsets: Uint32Array;
  /** Numbers of the windows that have the word. */
  readonly postings: Uint16Array;
  /** The words kept as bitmaps, ascending; at most {@link BITMAP_WORDS}. */
  readonly bitmapWords: Uint32Array;
  /** {@link BITMAP_CELLS} for each window; bit b of a window says whether it has `bitmapWords[b]`. */
  readonly bitmaps: Int32Array;
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
  private bitmapFrequencies: Uint32Array | undefined;

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
    const counts = counters.subarray(0, this.windowCount) as Counters;
    counts.fill(0);
    const mask = this.countPostings(matched, counts);
    this.scan(query.size, counts, mask, windowLines, collector);
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
    this.bitmapFrequencies ??= countBits(this.data.bitmaps);
    return this.bitmapFrequencies[bit]!;
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

  /** Adds up the postings of the matched words; returns the bits of those that are kept as bitmaps. */
  private countPostings(matched: readonly number[], counts: Counters): Int32Array {
    const { offsets, postings, bitmapWords } = this.data;
    const mask = new Int32Array(BITMAP_CELLS);
    let bit = 0;
    for (const word of matched) {
      const end = offsets[word + 1]!;
      let at = offsets[word]!;
      if (at === end) {
        while (bitmapWords[bit]! < word) bit++;
        mask[bit >>> 5]! |= 1 << (bit & 31);
      }
      for (; at < end; at++) counts[postings[at]!]!++;
    }
    return mask;
  }

  private scan(
    querySize: number,
    counts: Counters,
    mask: Int32Array,
    windowLines: number,
    collector: HitCollector,
  ): void {
    const { bitmaps, windows } = this.data;
    const { windowSize } = windows;
    const mask0 = mask[0]!;
    const mask1 = mask[1]!;
    const maskSize = popCount(mask0) + popCount(mask1);
    let { minShared } = collector;
    let weight = minShared + collector.minUnion;
    for (let window = 0; window < counts.length; window++) {
      const size = windowSize[window]!;
      const counted = counts[window]!;
      // What the window shares is at most what its postings say plus all bits; most windows fail by this alone.
      const bound = Math.min(counted + maskSize, size);
      if (bound === 0 || bound * weight < minShared * (querySize + size)) continue;
      const cell = window * BITMAP_CELLS;
      const shared = counted + popCount(bitmaps[cell]! & mask0) + popCount(bitmaps[cell + 1]! & mask1);
      if (!collector.isPossible(shared, querySize + size)) continue;
      const at = documentOfWindow(windows.firstWindow, window);
      const start = windows.windowStart[window]!;
      const end = Math.min(start + windowLines, windows.documentLines[at]!);
      collector.offer(windows.documents[at]!, start, end, shared, querySize + size);
      ({ minShared } = collector);
      weight = minShared + collector.minUnion;
    }
  }
}

/** How many windows have each bit of their cells set. */
function countBits(bitmaps: Int32Array): Uint32Array {
  const counts = new Uint32Array(BITMAP_WORDS);
  for (let at = 0; at < bitmaps.length; at++) {
    const first = (at % BITMAP_CELLS) * 32;
    for (let cell = bitmaps[at]!; cell !== 0; cell &= cell - 1) {
      counts[first + 31 - Math.clz32(cell & -cell)]!++;
    }
  }
  return counts;
}

/** Number of bits set in a 32-bit integer. */
function popCount(value: number): number {
  let sum = value - ((value >>> 1) & 0x55555555);
  sum = (sum & 0x33333333) + ((sum >>> 2) & 0x33333333);
  return Math.imul((sum + (sum >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
