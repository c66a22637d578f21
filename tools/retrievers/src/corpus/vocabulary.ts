import { isIdentifier, isWord, subWordsOf } from './words.js';

/** The tokens of a repository as numbers, in the order in which they are met. */
export class Vocabulary {
  readonly #ids = new Map<string, number>();
  readonly #tokens: string[] = [];
  readonly #isWord: boolean[] = [];
  readonly #isIdentifier: boolean[] = [];
  readonly #parts = new Map<string, number>();
  readonly #partsOf: (Int32Array | undefined)[] = [];

  get size(): number {
    return this.#tokens.length;
  }

  /** Number of distinct parts of names met so far. */
  get partCount(): number {
    return this.#parts.size;
  }

  /** Adds the token when it is new. */
  id(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    const id = this.#tokens.length;
    this.#ids.set(token, id);
    this.#tokens.push(token);
    this.#isWord.push(isWord(token));
    this.#isIdentifier.push(isIdentifier(token));
    return id;
  }

  token(id: number): string {
    return this.#tokens[id]!;
  }

  isWord(id: number): boolean {
    return this.#isWord[id]!;
  }

  isIdentifier(id: number): boolean {
    return this.#isIdentifier[id]!;
  }

  /** The parts of a name, by its capitals and underscores, as numbers of their own. */
  parts(id: number): Int32Array {
    return (this.#partsOf[id] ??= Int32Array.from(subWordsOf(this.#tokens[id]!), (part) =>
      this.#partId(part),
    ));
  }

  #partId(part: string): number {
    const known = this.#parts.get(part);
    if (known !== undefined) return known;
    this.#parts.set(part, this.#parts.size);
    return this.#parts.size - 1;
  }
}
