import { compareHashes } from './sort-words.js';
import { wordSet, type WordSet } from './word-set.js';
import { firstLines, lastLines } from './query-text.js';

/** Lines before the cursor, its own line counted, and after that line. */
const LINES_BEFORE = 16;
const LINES_AFTER = 8;
/** What a word counts less for each line between it and the cursor. */
const DECAY = 0.6;
/** How much further away a line below seems than one above. */
const EXTRA_BELOW = 0.5;

/** The words around the cursor, and how close to it they stand. */
export interface WeightedQuery {
  readonly words: WordSet;
  /** For each word, in (0, 1]: 1 on the line of the cursor before it. */
  readonly closeness: Float64Array;
}

/**
 * The words that retrieval is asked with: those of 16 lines up to the cursor and of 8 lines below it. What stands
 * close to the cursor tells most about what comes next, so that a word counts 0.6 times as much for each line
 * further away; a word that stands there more than once counts where it is closest.
 */
export function weightedQuery(prefix: string, suffix: string): WeightedQuery {
  const above = lastLines(prefix, LINES_BEFORE).split('\n').reverse();
  const [rest = '', ...below] = firstLines(suffix, LINES_AFTER + 1).split('\n');
  const lines = [
    ...above.map((text, distance) => ({ text, closeness: DECAY ** distance })),
    { text: rest, closeness: DECAY ** EXTRA_BELOW },
    ...below.map((text, distance) => ({ text, closeness: DECAY ** (distance + 1 + EXTRA_BELOW) })),
  ];
  const words = wordSet(lines.map(({ text }) => text).join('\n'));
  const closeness = new Float64Array(words.size);
  for (const line of lines) {
    const { highs, lows, size } = wordSet(line.text);
    for (let i = 0, at = 0; i < size; i++, at++) {
      while (compareHashes(words.highs[at]!, words.lows[at]!, highs[i]!, lows[i]!) !== 0) at++;
      closeness[at] = Math.max(closeness[at]!, line.closeness);
    }
  }
  return { words, closeness };
}
