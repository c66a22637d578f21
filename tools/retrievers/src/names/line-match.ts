import { forEachTerm } from '../corpus/term-index.js';
import type { TokenFile } from '../corpus/token-file.js';
import type { Vocabulary } from '../corpus/vocabulary.js';

/** How much lines before and after count beside the line itself. */
const BEFORE = [0.9, 0.6, 0.4, 0.25];
const AFTER = [0.9, 0.6, 0.4];

/** How well lines match the query: the share of the weight of its words that they have. */
export class LineMatch {
  readonly #total: number;
  readonly #known = new Map<TokenFile, Map<number, number>>();
  readonly #around = new Map<TokenFile, Map<number, number>>();

  constructor(
    private readonly weights: ReadonlyMap<number, number>,
    private readonly vocabulary: Vocabulary,
  ) {
    let total = 0;
    for (const weight of weights.values()) total += weight;
    this.#total = total || 1;
  }

  /** Of a line with those next to it. */
  around(file: TokenFile, line: number): number {
    return remembered(this.#around, file, line, () => {
      let sum = this.#of(file, line);
      BEFORE.forEach((share, at) => (sum += share * this.#of(file, line - 1 - at)));
      AFTER.forEach((share, at) => (sum += share * this.#of(file, line + 1 + at)));
      return sum;
    });
  }

  #of(file: TokenFile, line: number): number {
    if (line < 0 || line >= file.lines.length) return 0;
    return remembered(this.#known, file, line, () => {
      const words = new Set<number>();
      forEachTerm(file, line, line + 1, this.vocabulary, 'words', (word) => words.add(word));
      let sum = 0;
      for (const word of words) sum += this.weights.get(word) ?? 0;
      return sum / this.#total;
    });
  }
}

function remembered(
  known: Map<TokenFile, Map<number, number>>,
  file: TokenFile,
  line: number,
  compute: () => number,
): number {
  let ofFile = known.get(file);
  if (ofFile === undefined) known.set(file, (ofFile = new Map()));
  let value = ofFile.get(line);
  if (value === undefined) ofFile.set(line, (value = compute()));
  return value;
}
