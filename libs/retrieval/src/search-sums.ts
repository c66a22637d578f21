import { firstPostingAt } from './postings.js';
import type { SegmentData } from './segment.js';
import type { SumBound } from './word-weights.js';

/** A word of the query that a segment has. */
export interface Term {
  readonly weight: number;
  /** In so many windows, those of removed documents among them. */
  readonly frequency: number;
  /** Its postings; none when it is kept as a column of bits. */
  readonly from: number;
  readonly to: number;
  /** Where its column begins; -1 when it has postings. */
  readonly column: number;
}

/** Sums for one search at a time. */
export interface SumBuffer {
  /** Of each window, at least as many as the segment has; all 0 before and after a search. */
  readonly sums: Uint16Array;
  /** Numbers of windows; as many. Their content does not matter. */
  readonly touched: Uint16Array;
}

/** Whether adding up few words and looking the others up pays: what touching costs more than adding. */
const TOUCH_COST = 2;
/** Steps of a binary search that cost as much as reading so many postings one after the other. */
const LOOKUP_COST = 24;

/**
 * Finds every window that can be among the best (MaxScore: Turtle and Flood, 1995). Words that are in many windows
 * and weigh little are set aside, as long as all of them together are too light to make any window one of the best.
 * So a window that counts has one of the others: these are added up, and of the windows that they touch, those that
 * could still make it with everything set aside are looked up in that.
 *
 * @returns how many were found: the first of `touched`, with their sums, which are for the caller to set to 0;
 * undefined when this takes longer than adding everything up: then nothing was done
 */
export function findBySums(
  data: SegmentData,
  terms: readonly Term[],
  bound: SumBound,
  buffer: SumBuffer,
): number | undefined {
  const { heavy, light } = splitTerms(terms, bound.base);
  const scanned = frequencyOf(terms) + data.windows.windowSize.length;
  if (frequencyOf(heavy) * TOUCH_COST > scanned) return undefined;
  let count = 0;
  for (const term of heavy) {
    count =
      term.column < 0 ? touchPostings(data, term, buffer, count) : touchColumn(data, term, buffer, count);
  }
  let left = light.reduce((sum, { weight }) => sum + weight, 0);
  count = keepPossible(data, buffer, count, left, bound);
  for (const term of light) {
    if (count === 0) break;
    if (term.column >= 0) lookUpColumn(data, term, buffer, count);
    else if (count * LOOKUP_COST < term.frequency) lookUpPostings(data, term, buffer, count);
    else addPostings(data, term, buffer);
    left -= term.weight;
    count = keepPossible(data, buffer, count, left, bound);
  }
  return count;
}

/** What is added up and what is looked up, the latter by weight descending. */
function splitTerms(
  terms: readonly Term[],
  neededSum: number,
): { readonly heavy: readonly Term[]; readonly light: readonly Term[] } {
  const heavy: Term[] = [];
  const light: Term[] = [];
  let sum = 0;
  // Those first that save the most reading for their weight.
  for (const term of [...terms].sort((a, b) => b.frequency * a.weight - a.frequency * b.weight)) {
    if (sum + term.weight >= neededSum) heavy.push(term);
    else {
      sum += term.weight;
      light.push(term);
    }
  }
  return { heavy, light: light.sort((a, b) => b.weight - a.weight) };
}

function frequencyOf(terms: readonly Term[]): number {
  return terms.reduce((sum, { frequency }) => sum + frequency, 0);
}

function touchPostings(
  { postings }: SegmentData,
  { from, to, weight }: Term,
  { sums, touched }: SumBuffer,
  before: number,
): number {
  let count = before;
  for (let at = from; at < to; at++) {
    const window = postings[at]!;
    const sum = sums[window]!;
    if (sum === 0) touched[count++] = window;
    sums[window] = sum + weight;
  }
  return count;
}

function touchColumn(
  { bitmaps, windows }: SegmentData,
  { column, weight }: Term,
  { sums, touched }: SumBuffer,
  before: number,
): number {
  let count = before;
  const windowCount = windows.windowSize.length;
  for (let cell = 0; cell << 5 < windowCount; cell++) {
    for (let bits = bitmaps[column + cell]!; bits !== 0; bits &= bits - 1) {
      const window = (cell << 5) + 31 - Math.clz32(bits & -bits);
      const sum = sums[window]!;
      if (sum === 0) touched[count++] = window;
      sums[window] = sum + weight;
    }
  }
  return count;
}

/** Drops the windows that cannot be among the best with all that is left to add; those kept have their sums. */
function keepPossible(
  { windows: { windowSize } }: SegmentData,
  { sums, touched }: SumBuffer,
  count: number,
  left: number,
  { base, perWord }: SumBound,
): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const window = touched[i]!;
    const size = windowSize[window]!;
    // 0: its document was removed.
    if (size !== 0 && sums[window]! + left >= base + perWord * size) touched[kept++] = window;
    else sums[window] = 0;
  }
  return kept;
}

function lookUpColumn(
  { bitmaps }: SegmentData,
  { column, weight }: Term,
  { sums, touched }: SumBuffer,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const window = touched[i]!;
    if ((bitmaps[column + (window >>> 5)]! >>> (window & 31)) & 1) sums[window]! += weight;
  }
}

function lookUpPostings(
  { postings }: SegmentData,
  { from, to, weight }: Term,
  { sums, touched }: SumBuffer,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const window = touched[i]!;
    const at = firstPostingAt(postings, from, to, window);
    if (at < to && postings[at] === window) sums[window]! += weight;
  }
}

function addPostings({ postings }: SegmentData, { from, to, weight }: Term, { sums }: SumBuffer): void {
  for (let at = from; at < to; at++) {
    const window = postings[at]!;
    if (sums[window] !== 0) sums[window]! += weight;
  }
}
