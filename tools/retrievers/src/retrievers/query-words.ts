import type { Vocabulary } from '../corpus/vocabulary.js';
import { wordsOf } from '../corpus/words.js';
import type { RetrievalRequest } from '../ports.js';

/** What a retriever is asked with: the text on both sides of the cursor. */
export interface QueryText {
  readonly prefix: string;
  readonly suffix: string;
}

/** @param withDraft whether what a model wrote stands before the cursor, too (RepoCoder's second round) */
export function queryOf({ prefix, suffix, draft = '' }: RetrievalRequest, withDraft = false): QueryText {
  return { prefix: withDraft ? prefix + draft : prefix, suffix };
}

/** How lines around the cursor count. */
export interface Closeness {
  readonly linesBefore: number;
  readonly linesAfter: number;
  /** What a word counts less for each line between it and the cursor. */
  readonly decay: number;
}

/** A line below seems that much further away than one above. */
const EXTRA_BELOW = 0.5;

/** The words of the lines around the cursor, each as it counts where it is closest. */
export function closeWords(
  { prefix, suffix }: QueryText,
  { linesBefore, linesAfter, decay }: Closeness,
  vocabulary: Vocabulary,
): Map<number, number> {
  const weights = new Map<number, number>();
  const add = (line: string, weight: number) => {
    for (const word of wordsOf(line)) {
      const id = vocabulary.id(word);
      if (weight > (weights.get(id) ?? 0)) weights.set(id, weight);
    }
  };
  const above = prefix.split('\n').slice(-linesBefore).reverse();
  above.forEach((line, distance) => add(line, decay ** distance));
  const below = suffix.split('\n', linesAfter + 1);
  below.forEach((line, distance) => add(line, decay ** (distance + EXTRA_BELOW)));
  return weights;
}

/** The words of a text, all alike. */
export function plainWords(text: string, vocabulary: Vocabulary): Map<number, number> {
  return new Map(wordsOf(text).map((word) => [vocabulary.id(word), 1]));
}

/** The parts of names, each as it counts where it is closest. */
export function partsOf(words: ReadonlyMap<number, number>, vocabulary: Vocabulary): Map<number, number> {
  const weights = new Map<number, number>();
  for (const [word, weight] of words) {
    for (const part of vocabulary.parts(word)) {
      if (weight > (weights.get(part) ?? 0)) weights.set(part, weight);
    }
  }
  return weights;
}
