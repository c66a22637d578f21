import { cellsOf, countBits } from './bit-columns.js';
import { firstPostingAt } from './postings.js';
import type { SegmentData } from './segment.js';

/**
 * In how many windows of a segment words occur, those of removed documents left out. Nothing is kept for each word:
 * what was removed are ranges of windows, and postings are in order, so that they can be counted without being read.
 */
export class LiveFrequencies {
  /** First window and end of each range that was removed. */
  private readonly removed: number[] = [];
  /** Of the words kept as bits, once they were asked for. */
  private bits: Int32Array | undefined;

  /** @param data of which some windows may have been removed: their size is 0 */
  constructor(private readonly data: SegmentData) {
    const { windowSize } = data.windows;
    for (let from = windowSize.indexOf(0); from >= 0; from = windowSize.indexOf(0, from)) {
      let to = from;
      while (windowSize[to] === 0) to++;
      this.removed.push(from, to);
      from = to;
    }
  }

  /** Windows `from` to `to` (exclusive) were not removed before and are now. */
  remove(from: number, to: number): void {
    this.removed.push(from, to);
    if (this.bits === undefined) return;
    for (let bit = 0; bit < this.bits.length; bit++) this.bits[bit]! -= this.count(bit, from, to);
  }

  ofPostings(word: number): number {
    const { removed, data } = this;
    const { offsets, postings, windows } = data;
    const from = offsets[word]!;
    const to = offsets[word + 1]!;
    const steps = removed.length * (32 - Math.clz32(to - from));
    let count = to - from;
    if (steps < count) {
      for (let i = 0; i < removed.length; i += 2) {
        const start = firstPostingAt(postings, from, to, removed[i]!);
        count -= firstPostingAt(postings, start, to, removed[i + 1]!) - start;
      }
    } else if (removed.length > 0) {
      for (let at = from; at < to; at++) if (windows.windowSize[postings[at]!] === 0) count--;
    }
    return count;
  }

  /** @param bit number of the word among those kept as bits */
  ofBit(bit: number): number {
    this.bits ??= this.countAllBits();
    return this.bits[bit]!;
  }

  private countAllBits(): Int32Array {
    const counts = new Int32Array(this.data.bitmapWords.length);
    for (let bit = 0; bit < counts.length; bit++) {
      counts[bit] = this.count(bit, 0, this.data.windows.windowSize.length);
      for (let i = 0; i < this.removed.length; i += 2) {
        counts[bit]! -= this.count(bit, this.removed[i]!, this.removed[i + 1]!);
      }
    }
    return counts;
  }

  private count(bit: number, from: number, to: number): number {
    const { bitmaps, windows } = this.data;
    return countBits(bitmaps, bit * cellsOf(windows.windowSize.length), from, to);
  }
}
