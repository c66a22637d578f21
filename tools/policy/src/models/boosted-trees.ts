import { sigmoid, type Tree, type TreeScorer } from '@repoformer/policy';
import { binColumns } from './bins.js';
import { growTree } from './grow-tree.js';
import type { Matrix } from './matrix.js';
import { seededRandom, shuffle } from './seeded-random.js';

export interface BoostingOptions {
  /** `logistic`: y is 0 or 1 and the score a log-odds. `squared`: the score is the value itself. */
  readonly loss: 'logistic' | 'squared';
  readonly trees: number;
  readonly maxLeaves: number;
  readonly minRows: number;
  readonly shrinkage: number;
  readonly penalty: number;
  /** Shares of rows and of columns that each tree sees, in (0, 1]. */
  readonly rowShare: number;
  readonly columnShare: number;
  readonly seed: number;
}

export const DEFAULT_BOOSTING: Omit<BoostingOptions, 'loss'> = {
  trees: 100,
  maxLeaves: 8,
  minRows: 30,
  shrinkage: 0.05,
  penalty: 5,
  rowShare: 0.7,
  columnShare: 0.5,
  seed: 1,
};

/** Gradient-boosted trees by Newton steps on histograms. The same seed gives the same trees. */
export function fitBoostedTrees(x: Matrix, y: Float64Array, options: BoostingOptions): TreeScorer {
  const { loss, seed, rowShare, columnShare } = options;
  const random = seededRandom(seed);
  const data = binColumns(x);
  const base = startingScore(y, loss);
  const scores = new Float64Array(x.rows).fill(base);
  const gradients = new Float64Array(x.rows);
  const curvatures = new Float64Array(x.rows).fill(1);
  const rowNumbers = Array.from({ length: x.rows }, (_, at) => at);
  const columnNumbers = Array.from({ length: x.columns }, (_, at) => at);
  const trees: Tree[] = [];
  for (let round = 0; round < options.trees; round++) {
    for (let at = 0; at < x.rows; at++) {
      if (loss === 'squared') gradients[at] = scores[at]! - y[at]!;
      else {
        const p = sigmoid(scores[at]!);
        gradients[at] = p - y[at]!;
        curvatures[at] = p * (1 - p);
      }
    }
    const tree = growTree(
      data,
      Uint32Array.from(sample(rowNumbers, rowShare, random)),
      gradients,
      curvatures,
      {
        ...options,
        minGain: 1e-12,
        columns: sample(columnNumbers, columnShare, random),
      },
    );
    trees.push(tree);
    for (let at = 0; at < x.rows; at++) scores[at]! += leafOf(tree, x.row(at));
  }
  return { kind: 'trees', base, trees };
}

/** The first trees only: what boosting had after so many rounds. */
export function firstTrees({ base, trees }: TreeScorer, count: number): TreeScorer {
  return { kind: 'trees', base, trees: trees.slice(0, count) };
}

function startingScore(y: Float64Array, loss: BoostingOptions['loss']): number {
  const mean = y.reduce((sum, value) => sum + value, 0) / Math.max(1, y.length);
  if (loss === 'squared') return mean;
  const rate = Math.min(0.99, Math.max(0.01, mean));
  return Math.log(rate / (1 - rate));
}

function sample(numbers: readonly number[], share: number, random: () => number): number[] {
  if (share >= 1) return [...numbers];
  const count = Math.max(1, Math.round(share * numbers.length));
  return shuffle([...numbers], random)
    .slice(0, count)
    .sort((a, b) => a - b);
}

function leafOf({ feature, threshold, left, right, leaf }: Tree, row: Float64Array): number {
  let node = feature.length === 0 ? -1 : 0;
  while (node >= 0) node = row[feature[node]!]! <= threshold[node]! ? left[node]! : right[node]!;
  return leaf[-node - 1]!;
}
