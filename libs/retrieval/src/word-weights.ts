import { compareHashes } from './sort-words.js';
import type { WeightedQuery } from './weighted-query.js';
import type { WordSet } from './word-set.js';

/** Weights are whole numbers, so that sums of them do not depend on the order of adding. */
const SCALE = 64;
/** Sums are kept in 16 bits. */
const MAX_TOTAL = 65_535;
/** In more windows than these, words in more than one of eight tell nothing worth the time to look at them. */
const MANY_WINDOWS = 4096;
const COMMON_SHARE = 1 / 8;

/** How sums of weights become scores: BM25's, for words that a window has or has not. */
export const SATURATION = 1.2;
export const LENGTH_SHARE = 0.75;

/** A query with what each word is worth. */
export interface WordWeights {
  readonly words: WordSet;
  /** For each word; 0: it does not count. */
  readonly weights: Uint16Array;
  /** Of all words. */
  readonly total: number;
  /** Words of the average window, which is neither long nor short. */
  readonly averageSize: number;
}

/**
 * Weighs words by how rare they are (BM25's inverse document frequency) and how close to the cursor they stand.
 *
 * @param frequencies in how many of the windows each word occurs
 */
export function weighWords(
  { words, closeness }: WeightedQuery,
  frequencies: Uint32Array,
  windows: { readonly count: number; readonly averageSize: number },
): WordWeights {
  const { count, averageSize } = windows;
  const limit = count > MANY_WINDOWS ? COMMON_SHARE * count : Infinity;
  const worth = Array.from(frequencies, (frequency, i) => {
    if (frequency > limit) return 0;
    const rarity = Math.log(1 + (Math.max(0, count - frequency) + 0.5) / (frequency + 0.5));
    return SCALE * rarity * closeness[i]!;
  });
  const sum = worth.reduce((total, each) => total + each, 0);
  const factor = Math.min(1, MAX_TOTAL / sum);
  const weights = Uint16Array.from(worth, (each) => Math.floor(each * factor));
  return { words, weights, total: weights.reduce((total, each) => total + each, 0), averageSize };
}

/** Of the words that a set has. */
export function sumOfWeights({ words, weights }: WordWeights, set: WordSet): number {
  let sum = 0;
  for (let i = 0, j = 0; i < words.size && j < set.size;) {
    const order = compareHashes(words.highs[i]!, words.lows[i]!, set.highs[j]!, set.lows[j]!);
    if (order === 0) sum += weights[i]!;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return sum;
}

/**
 * Makes a window's score, in [0, 1], of the sum of the weights of the words that it has: the share of the query's
 * weight, less for longer windows, which have words by chance.
 */
export class WindowScore {
  readonly #scale: number;
  readonly #slope: number;

  constructor({ total, averageSize }: Pick<WordWeights, 'total' | 'averageSize'>) {
    const atZero = 1 + SATURATION * (1 - LENGTH_SHARE);
    this.#slope = averageSize > 0 ? (SATURATION * LENGTH_SHARE) / averageSize / atZero : 0;
    this.#scale = total > 0 ? 1 / total : 0;
  }

  of(sum: number, size: number): number {
    return (sum * this.#scale) / (1 + this.#slope * size);
  }

  /** The least sum that can give a window of at least `size` words so high a score; a little less for rounding. */
  leastSum(score: number, size: number): number {
    return this.#scale === 0 ? Infinity : (score * (1 + this.#slope * size)) / this.#scale - 1e-6;
  }

  /** {@link leastSum} as a function of the size. */
  boundOf(score: number): SumBound {
    const base = this.leastSum(score, 0);
    return { base, perWord: this.#scale === 0 ? 0 : (score * this.#slope) / this.#scale };
  }
}

/** A window of `size` words needs a sum of at least `base + perWord * size`. */
export interface SumBound {
  readonly base: number;
  readonly perWord: number;
}
