import type { TermMeasure } from '../corpus/term-index.js';

/** How soon a word that a chunk repeats stops counting more, and how much a chunk's length counts against it. */
const SATURATION = 1.2;
const LENGTH_SHARE = 0.75;

/** Jaccard similarity of sets; all weights are 1. */
export function jaccard(queryTerms: number): TermMeasure {
  return {
    gain: () => 1,
    score: (shared, distinct) => shared / (queryTerms + distinct - shared),
  };
}

/** Jaccard similarity where each term counts by its rarity; weights are rarities, `queryRarity` is their sum. */
export function weightedJaccard(queryRarity: number): TermMeasure {
  return {
    gain: (weight) => weight,
    score: (shared, _, rarity) => Math.min(1, shared / (queryRarity + rarity - shared)),
  };
}

/**
 * BM25 with counts; weights are rarities, lower for words that stand further away.
 *
 * @param totalWeight of all of the query's terms, which makes a score a share of the best thinkable
 */
export function bm25(totalWeight: number, averageTerms: number): TermMeasure {
  return {
    gain: (weight, count, terms) => {
      const length = averageTerms > 0 ? terms / averageTerms : 1;
      const saturation = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length);
      return (weight * count * (SATURATION + 1)) / (count + saturation);
    },
    score: (sum) => (totalWeight > 0 ? sum / (totalWeight * (SATURATION + 1)) : 0),
  };
}
