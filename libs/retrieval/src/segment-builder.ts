import { sortPostings } from './postings.js';
import { smallestOfFourOf } from './scan-windows.js';
import { cellsOf } from './bit-columns.js';
import { BITMAP_WORDS, Segment } from './segment.js';
import type { WindowTable } from './window-table.js';

/** Distinct words with, for each, the number of windows that have it; all at least 1. */
export interface Dictionary {
  /** Hashes, ascending. */
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  readonly frequencies: Uint32Array;
}

const NO_BIT = 255;

/** Fills a segment: every (word, window) pair is `put` once; in any order, if the postings are sorted afterwards. */
export class SegmentBuilder {
  private readonly bitmapWords: Uint32Array;
  /** Bit of each word that is kept as a bitmap, else NO_BIT. */
  private readonly bitOf: Uint8Array;
  private readonly offsets: Uint32Array;
  /** Where the next posting of each word goes. */
  private readonly cursors: Uint32Array;
  private readonly postings: Uint16Array;
  private readonly bitmaps: Int32Array;
  /** Cells of a column of `bitmaps`. */
  private readonly cells: number;

  constructor(
    private readonly windows: WindowTable,
    private readonly dictionary: Dictionary,
  ) {
    const { frequencies } = dictionary;
    this.bitmapWords = mostFrequent(frequencies);
    this.bitOf = new Uint8Array(frequencies.length).fill(NO_BIT);
    this.bitmapWords.forEach((word, bit) => (this.bitOf[word] = bit));
    this.offsets = new Uint32Array(frequencies.length + 1);
    for (let word = 0; word < frequencies.length; word++) {
      const postings = this.bitOf[word] === NO_BIT ? frequencies[word]! : 0;
      this.offsets[word + 1] = this.offsets[word]! + postings;
    }
    this.cursors = this.offsets.slice(0, -1);
    this.postings = new Uint16Array(this.offsets[frequencies.length]!);
    this.cells = cellsOf(windows.windowSize.length);
    this.bitmaps = new Int32Array(this.bitmapWords.length * this.cells);
  }

  put(word: number, window: number): void {
    const bit = this.bitOf[word]!;
    if (bit === NO_BIT) this.postings[this.cursors[word]!++] = window;
    else this.bitmaps[bit * this.cells + (window >>> 5)]! |= 1 << (window & 31);
  }

  /** Puts the postings of words `from` to `to` (exclusive) in order; returns how many there are. */
  sortPostings(from: number, to: number): number {
    for (let word = from; word < to; word++) {
      sortPostings(this.postings, this.offsets[word]!, this.offsets[word + 1]!);
    }
    return this.offsets[to]! - this.offsets[from]!;
  }

  build(): Segment {
    const { windows, dictionary, offsets, postings, bitmapWords, bitmaps } = this;
    const { highs, lows } = dictionary;
    const smallestOfFour = smallestOfFourOf(windows.windowSize);
    return new Segment({ windows, smallestOfFour, highs, lows, offsets, postings, bitmapWords, bitmaps });
  }
}

/** Drops the words that no window has; `renumber` gives each old word's new number. */
export function dropUnusedWords(dictionary: Dictionary): {
  readonly used: Dictionary;
  readonly renumber: Uint32Array;
} {
  const { highs, lows, frequencies } = dictionary;
  const renumber = new Uint32Array(frequencies.length);
  let count = 0;
  for (let word = 0; word < frequencies.length; word++) {
    if (frequencies[word] === 0) continue;
    renumber[word] = count;
    highs[count] = highs[word]!;
    lows[count] = lows[word]!;
    frequencies[count++] = frequencies[word]!;
  }
  // Copies, so that the longer arrays can be freed.
  return {
    used: {
      highs: highs.slice(0, count),
      lows: lows.slice(0, count),
      frequencies: frequencies.slice(0, count),
    },
    renumber,
  };
}

/** The most frequent words, at most {@link BITMAP_WORDS}, in ascending order of number. */
function mostFrequent(frequencies: Uint32Array): Uint32Array {
  const best: number[] = [];
  for (let word = 0; word < frequencies.length; word++) {
    const frequency = frequencies[word]!;
    if (best.length === BITMAP_WORDS && frequency <= frequencies[best[best.length - 1]!]!) continue;
    let at = best.length;
    while (at > 0 && frequencies[best[at - 1]!]! < frequency) at--;
    best.splice(at, 0, word);
    if (best.length > BITMAP_WORDS) best.pop();
  }
  return Uint32Array.from(best).sort();
}
