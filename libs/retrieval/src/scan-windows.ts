import type { HitCollector } from './hit-collector.js';
import type { Counters, SegmentData } from './segment.js';
import { documentOfWindow, type WindowTable } from './window-table.js';

/** Counters are looked at four at a time. */
export function roundUpToFour(count: number): number {
  return (count + 3) & ~3;
}

export interface Scan {
  readonly querySize: number;
  /** For each window, how many of the query's words it has by postings; {@link roundUpToFour} of them. */
  readonly counts: Counters;
  /** Where in `bitmaps` the columns of the query's other words begin. */
  readonly columns: readonly number[];
  readonly windowLines: number;
}

const HIGH_BITS = 0x80808080 | 0;
const LOW_BITS = 0x7f7f7f7f;
/** Bit i of a number below 16 as the lowest bit of byte i. */
const SPREAD = Int32Array.from(
  { length: 16 },
  (_, bits) => (bits & 1) | ((bits & 2) << 7) | ((bits & 4) << 14) | ((bits & 8) << 21),
);

/** Offers every window that can be among the best. */
export function scanWindows(data: SegmentData, scan: Scan, collector: HitCollector): void {
  const { counts } = scan;
  if (counts instanceof Uint8Array) scanPacked(data, scan, counts, collector);
  else scanOneByOne(data, scan, collector);
}

/**
 * Four counters at a time, as bytes of a 32-bit number: whether any of four windows shares as much as the smallest of
 * them would have to is a single comparison. What passes is compared exactly.
 */
function scanPacked(
  { bitmaps, windows, smallestOfFour }: SegmentData,
  { querySize, columns, windowLines }: Scan,
  counts: Uint8Array,
  collector: HitCollector,
): void {
  const groups = new Int32Array(counts.buffer, counts.byteOffset, counts.length >>> 2);
  for (let from = 0; from < columns.length; from += MAX_PLANE_SUM) {
    addColumns(bitmaps, Int32Array.from(columns.slice(from, from + MAX_PLANE_SUM)), groups);
  }
  const lifts = new Int32Array(256);
  setLifts(lifts, collector, querySize);
  for (let group = 0; group < groups.length; group++) {
    const sums = groups[group]!;
    // A sum that has a byte's highest bit already is large enough, or is looked at in vain.
    const lifted = (sums & LOW_BITS) + lifts[smallestOfFour[group]!]!;
    if (((lifted | sums) & HIGH_BITS) === 0) continue;
    for (let window = group << 2; window < (group + 1) << 2; window++) {
      if (offer(windows, window, counts[window]!, querySize, windowLines, collector)) {
        setLifts(lifts, collector, querySize);
      }
    }
  }
}

/** Columns whose sums the four planes below can hold. */
const MAX_PLANE_SUM = 15;

/**
 * Adds the bits of columns to the counters. Those of 32 windows are added up at once, as a column addition in binary:
 * plane p holds bit p of each window's sum. The sums are then spread to bytes.
 */
function addColumns(bitmaps: Int32Array, columns: Int32Array, groups: Int32Array): void {
  for (let cell = 0; cell << 3 < groups.length; cell++) {
    let plane0 = 0;
    let plane1 = 0;
    let plane2 = 0;
    let plane3 = 0;
    for (let i = 0; i < columns.length; i++) {
      const bits = bitmaps[columns[i]! + cell]!;
      const carry0 = plane0 & bits;
      plane0 ^= bits;
      const carry1 = plane1 & carry0;
      plane1 ^= carry0;
      plane3 ^= plane2 & carry1;
      plane2 ^= carry1;
    }
    const end = Math.min(groups.length, (cell + 1) << 3);
    for (let group = cell << 3; group < end; group++) {
      groups[group]! +=
        SPREAD[plane0 & 15]! +
        (SPREAD[plane1 & 15]! << 1) +
        (SPREAD[plane2 & 15]! << 2) +
        (SPREAD[plane3 & 15]! << 3);
      plane0 >>>= 4;
      plane1 >>>= 4;
      plane2 >>>= 4;
      plane3 >>>= 4;
    }
  }
}

function scanOneByOne({ bitmaps, windows }: SegmentData, scan: Scan, collector: HitCollector): void {
  const { querySize, counts, columns, windowLines } = scan;
  for (const column of columns) addColumn(bitmaps, column, 1, counts);
  const { windowSize } = windows;
  for (let window = 0; window < windowSize.length; window++) {
    offer(windows, window, counts[window]!, querySize, windowLines, collector);
  }
}

/** Adds a weight to the counters of the windows whose bit is set in a column. */
export function addColumn(bitmaps: Int32Array, column: number, weight: number, counts: Counters): void {
  for (let cell = 0; cell << 5 < counts.length; cell++) {
    for (let bits = bitmaps[column + cell]!; bits !== 0; bits &= bits - 1) {
      counts[(cell << 5) + 31 - Math.clz32(bits & -bits)]! += weight;
    }
  }
}

/** Offers a window that shares so many words, if it can be among the best; returns whether it was offered. */
function offer(
  { windowSize, windowStart, firstWindow, documents, documentLines }: WindowTable,
  window: number,
  shared: number,
  querySize: number,
  windowLines: number,
  collector: HitCollector,
): boolean {
  const size = windowSize[window];
  // 0: its document was removed; undefined: the counters are more than the windows.
  if (!size || !collector.isPossible(shared, querySize + size)) return false;
  const at = documentOfWindow(firstWindow, window);
  const start = windowStart[window]!;
  const end = Math.min(start + windowLines, documentLines[at]!);
  collector.offer(documents[at]!, start, end, shared, querySize + size);
  return true;
}

/**
 * What to add to four sums at once so that a byte's highest bit says whether the sum is large enough for a window of
 * so many words: shared / (querySize + size - shared) >= minShared / minUnion.
 */
function setLifts(lifts: Int32Array, { minShared, minUnion }: HitCollector, querySize: number): void {
  const share = minShared / (minShared + minUnion);
  for (let size = 0; size < lifts.length; size++) {
    // A little less, as the quotient may be rounded up.
    const needed = Math.ceil(share * (querySize + size) - 1e-6);
    lifts[size] = Math.imul(128 - Math.min(127, Math.max(1, needed)), 0x01010101);
  }
}

/** Number of words of the smallest of each four windows; of more than 255, 255. */
export function smallestOfFourOf(windowSize: Uint32Array): Uint8Array {
  const smallest = new Uint8Array((windowSize.length + 3) >>> 2).fill(255);
  for (let window = 0; window < windowSize.length; window++) {
    if (windowSize[window]! < smallest[window >>> 2]!) smallest[window >>> 2] = windowSize[window]!;
  }
  return smallest;
}
