import type { BestHits } from './best-hits.js';
import type { SumBuffer } from './search-sums.js';
import type { SegmentData } from './segment.js';
import { documentOfWindow } from './window-table.js';
import type { WindowScore } from './word-weights.js';

/**
 * Inserts every window that can be among the best. Of four windows, those whose sum is too small even for the
 * shortest of them are passed over.
 *
 * @param sums of the weights of the query's words that each window has
 */
export function scanSums(
  { windows, smallestOfFour }: SegmentData,
  sums: Uint16Array,
  score: WindowScore,
  windowLines: number,
  best: BestHits,
): void {
  const { windowSize, windowStart, firstWindow, documents, documentLines } = windows;
  let least = best.least;
  for (let group = 0; group < smallestOfFour.length; group++) {
    const needed = Math.max(1, score.leastSum(least, smallestOfFour[group]!));
    for (let window = group << 2; window < (group + 1) << 2; window++) {
      const sum = sums[window]!;
      if (sum < needed) continue;
      const size = windowSize[window];
      // 0: its document was removed; undefined: the sums are more than the windows.
      if (!size) continue;
      const own = score.of(sum, size);
      if (own < least) continue;
      const at = documentOfWindow(firstWindow, window);
      const startLine = windowStart[window]!;
      const endLine = Math.min(startLine + windowLines, documentLines[at]!);
      if (best.insert({ document: documents[at]!, startLine, endLine, score: own })) least = best.least;
    }
  }
}

/** Inserts the windows that `findBySums` found, and sets their sums to 0. */
export function insertFound(
  { windows }: SegmentData,
  { sums, touched }: SumBuffer,
  count: number,
  score: WindowScore,
  windowLines: number,
  best: BestHits,
): void {
  const { windowSize, windowStart, firstWindow, documents, documentLines } = windows;
  for (let i = 0; i < count; i++) {
    const window = touched[i]!;
    const own = score.of(sums[window]!, windowSize[window]!);
    sums[window] = 0;
    if (own < best.least) continue;
    const at = documentOfWindow(firstWindow, window);
    const startLine = windowStart[window]!;
    const endLine = Math.min(startLine + windowLines, documentLines[at]!);
    best.insert({ document: documents[at]!, startLine, endLine, score: own });
  }
}
