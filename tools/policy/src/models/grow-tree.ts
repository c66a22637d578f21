import type { Tree } from '@repoformer/policy';
import { MAX_BINS, type BinnedMatrix } from './bins.js';

export interface GrowOptions {
  readonly maxLeaves: number;
  /** Rows that a leaf must hold. */
  readonly minRows: number;
  /** λ: added to the curvature of each leaf. */
  readonly penalty: number;
  /** What a split must gain. */
  readonly minGain: number;
  /** Columns that may be split. */
  readonly columns: readonly number[];
  /** Each leaf's step is multiplied by it. */
  readonly shrinkage: number;
}

interface Split {
  readonly gain: number;
  readonly column: number;
  /** Rows of this bin or below go left. */
  readonly bin: number;
}

interface Leaf {
  readonly rows: Uint32Array;
  readonly gradient: number;
  readonly curvature: number;
  readonly split: Split | undefined;
  /** Where it hangs: the node, and its side. */
  readonly parent: number;
  readonly side: 'left' | 'right';
}

/**
 * Grows one regression tree on gradients and curvatures (Newton boosting): always the leaf whose best split gains
 * most. A leaf's value is -G / (H + λ), a split gains ½ (GL²/(HL+λ) + GR²/(HR+λ) - G²/(H+λ)).
 */
export function growTree(
  data: BinnedMatrix,
  rows: Uint32Array,
  gradients: Float64Array,
  curvatures: Float64Array,
  options: GrowOptions,
): Tree {
  const feature: number[] = [];
  const threshold: number[] = [];
  const children = { left: [] as number[], right: [] as number[] };
  const makeLeaf = (of: Uint32Array, parent: number, side: Leaf['side']): Leaf => {
    let gradient = 0;
    let curvature = 0;
    for (const row of of) {
      gradient += gradients[row]!;
      curvature += curvatures[row]!;
    }
    const split = bestSplit(data, of, gradients, curvatures, { gradient, curvature }, options);
    return { rows: of, gradient, curvature, split, parent, side };
  };
  const leaves = [makeLeaf(rows, -1, 'left')];
  while (leaves.length < options.maxLeaves) {
    let best = -1;
    leaves.forEach(({ split }, at) => {
      if (split && split.gain > (leaves[best]?.split?.gain ?? -Infinity)) best = at;
    });
    if (best < 0) break;
    const [leaf] = leaves.splice(best, 1);
    const { column, bin } = leaf!.split!;
    const node = feature.length;
    feature.push(column);
    threshold.push(data.edges[column]![bin]!);
    children.left.push(0);
    children.right.push(0);
    if (leaf!.parent >= 0) children[leaf!.side][leaf!.parent] = node;
    const isLeft = (row: number) => data.bins[column]![row]! <= bin;
    leaves.push(makeLeaf(leaf!.rows.filter(isLeft), node, 'left'));
    leaves.push(
      makeLeaf(
        leaf!.rows.filter((row) => !isLeft(row)),
        node,
        'right',
      ),
    );
  }
  leaves.forEach(({ parent, side }, at) => {
    if (parent >= 0) children[side][parent] = -at - 1;
  });
  const leaf = leaves.map(({ gradient, curvature }) => valueOf(gradient, curvature, options));
  return { feature, threshold, ...children, leaf };
}

function valueOf(gradient: number, curvature: number, { penalty, shrinkage }: GrowOptions): number {
  const divisor = curvature + penalty;
  return divisor > 0 ? (-shrinkage * gradient) / divisor : 0;
}

function bestSplit(
  data: BinnedMatrix,
  rows: Uint32Array,
  gradients: Float64Array,
  curvatures: Float64Array,
  total: { readonly gradient: number; readonly curvature: number },
  { columns, minRows, minGain, penalty }: GrowOptions,
): Split | undefined {
  if (rows.length < 2 * minRows) return undefined;
  // Gradient, curvature and number of rows of each bin, side by side: this loop is where fitting spends its time.
  const sums = new Float64Array(3 * (MAX_BINS + 1));
  const worth = (gradient: number, curvature: number) =>
    curvature + penalty > 0 ? (gradient * gradient) / (curvature + penalty) : 0;
  const whole = worth(total.gradient, total.curvature);
  let best: Split | undefined;
  for (const column of columns) {
    const last = data.edges[column]!.length;
    if (last === 0) continue;
    sums.fill(0, 0, 3 * (last + 1));
    const bins = data.bins[column]!;
    for (const row of rows) {
      const to = 3 * bins[row]!;
      sums[to]! += gradients[row]!;
      sums[to + 1]! += curvatures[row]!;
      sums[to + 2]!++;
    }
    let gradient = 0;
    let curvature = 0;
    let count = 0;
    for (let bin = 0; bin < last; bin++) {
      gradient += sums[3 * bin]!;
      curvature += sums[3 * bin + 1]!;
      count += sums[3 * bin + 2]!;
      // An empty bin would give the same parts again, at another threshold.
      if (sums[3 * bin + 2] === 0 || count < minRows) continue;
      if (rows.length - count < minRows) break;
      const parts =
        worth(gradient, curvature) + worth(total.gradient - gradient, total.curvature - curvature);
      const gain = (parts - whole) / 2;
      if (gain > minGain && gain > (best?.gain ?? 0)) best = { gain, column, bin };
    }
  }
  return best;
}
