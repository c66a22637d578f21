/**
 * The documents and windows of a segment. Documents stand in ascending order of id, a document's windows
 * together and in order of line; a document that was split stands there once for each part.
 */
export interface WindowTable {
  readonly documents: Float64Array;
  readonly documentLines: Uint32Array;
  /** First window of each document, and, last, the number of windows. */
  readonly firstWindow: Uint32Array;
  readonly windowStart: Uint32Array;
  /** Number of words of each window; 0 once its document is removed. */
  readonly windowSize: Uint32Array;
}

export function createWindowTable(documents: number, windows: number): WindowTable {
  return {
    documents: new Float64Array(documents),
    documentLines: new Uint32Array(documents),
    firstWindow: new Uint32Array(documents + 1),
    windowStart: new Uint32Array(windows),
    windowSize: new Uint32Array(windows),
  };
}

/** Index of the first document whose id is at least `id`. */
export function lowerBound(documents: Float64Array, id: number): number {
  let low = 0;
  for (let high = documents.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (documents[middle]! < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the document that a window belongs to. */
export function documentOfWindow(firstWindow: Uint32Array, window: number): number {
  let low = 0;
  for (let high = firstWindow.length - 2; low < high;) {
    const middle = (low + high + 1) >>> 1;
    if (firstWindow[middle]! <= window) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** What a removal took away. */
export interface Removed {
  readonly windows: number;
  readonly postings: number;
  readonly lines: number;
}
