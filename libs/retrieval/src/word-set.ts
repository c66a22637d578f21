import { compareHashes, sortWords } from './sort-words.js';
import { END, WORD, WordScanner } from './word-scanner.js';
import { WordTable } from './word-table.js';

/** The distinct words of a text as 64-bit hashes, ascending by (high, low). Made by {@link wordSet}. */
export interface WordSet {
  readonly size: number;
  readonly highs: Int32Array;
  readonly lows: Int32Array;
}

/**
 * The set of words of a text: maximal runs of [A-Za-z0-9_] and non-ASCII characters, case kept, identifiers
 * whole. A string gives the same set as its UTF-8 bytes.
 */
export function wordSet(text: string | Uint8Array): WordSet {
  const scanner = new WordScanner(typeof text === 'string' ? new TextEncoder().encode(text) : text);
  const table = new WordTable();
  for (let kind = scanner.next(); kind !== END; kind = scanner.next()) {
    if (kind === WORD) table.intern(scanner.high, scanner.low);
  }
  const { highHashes, lowHashes, size } = table;
  const order = sortWords(highHashes, lowHashes);
  const highs = new Int32Array(size);
  const lows = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    highs[i] = highHashes[order[i]!]!;
    lows[i] = lowHashes[order[i]!]!;
  }
  return { size, highs, lows };
}

/** Where in a set a word stands; undefined when it is not there, or the text is not a single word. */
export function placeOf({ size, highs, lows }: WordSet, word: string): number | undefined {
  const scanner = new WordScanner(new TextEncoder().encode(word));
  if (scanner.next() !== WORD) return undefined;
  const { high, low } = scanner;
  if (scanner.next() !== END) return undefined;
  let at = 0;
  for (let end = size; at < end;) {
    const middle = (at + end) >>> 1;
    if (compareHashes(highs[middle]!, lows[middle]!, high, low) < 0) at = middle + 1;
    else end = middle;
  }
  return at < size && highs[at] === high && lows[at] === low ? at : undefined;
}

/** Jaccard similarity of two sets, |A ∩ B| / |A ∪ B|, in [0, 1]; 0 when both are empty. */
export function jaccardOf(a: WordSet, b: WordSet): number {
  let shared = 0;
  for (let i = 0, j = 0; i < a.size && j < b.size;) {
    const order = compareHashes(a.highs[i]!, a.lows[i]!, b.highs[j]!, b.lows[j]!);
    if (order === 0) shared++;
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return shared === 0 ? 0 : shared / (a.size + b.size - shared);
}
