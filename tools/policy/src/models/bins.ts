import type { Matrix } from './matrix.js';

/** Columns cut into bins of about equal size, for histograms. */
export interface BinnedMatrix {
  readonly rows: number;
  /** Bin of each row, column by column. */
  readonly bins: readonly Uint8Array[];
  /** Highest value of each bin but the last, halfway to the next: `x <= edges[b]` means bin b or below. */
  readonly edges: readonly Float64Array[];
}

/** Of a column; one with fewer different values gets one for each, and is split exactly. */
export const MAX_BINS = 64;

export function binColumns(x: Matrix): BinnedMatrix {
  const bins: Uint8Array[] = [];
  const edges: Float64Array[] = [];
  const column = new Float64Array(x.rows);
  for (let c = 0; c < x.columns; c++) {
    for (let at = 0; at < x.rows; at++) column[at] = x.data[at * x.columns + c]!;
    const edge = edgesOf(Float64Array.from(column).sort());
    edges.push(edge);
    bins.push(Uint8Array.from(column, (value) => binOf(edge, value)));
  }
  return { rows: x.rows, bins, edges };
}

function edgesOf(sorted: Float64Array): Float64Array {
  const distinct: number[] = [];
  const last: number[] = [];
  sorted.forEach((value, at) => {
    if (at === 0 || value !== distinct.at(-1)) distinct.push(value);
    last[distinct.length - 1] = at + 1;
  });
  const edges: number[] = [];
  let taken = 0;
  for (let at = 0; at + 1 < distinct.length; at++) {
    const share = sorted.length / MAX_BINS;
    if (distinct.length > MAX_BINS && last[at]! - taken < share) continue;
    taken = last[at]!;
    edges.push(halfway(distinct[at]!, distinct[at + 1]!));
  }
  return Float64Array.from(edges);
}

/** A number at or above the lower and below the upper, even where nothing lies between. */
function halfway(lower: number, upper: number): number {
  const middle = lower + (upper - lower) / 2;
  return middle < upper ? middle : lower;
}

function binOf(edges: Float64Array, value: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value <= edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
