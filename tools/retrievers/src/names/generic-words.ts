import { readFileSync } from 'node:fs';
import { isIdentifier, wordsOf } from '../corpus/words.js';
import type { SourceText } from '../ports.js';

/** Names in at least so many repositories are everyone's: a model knows them without being shown. */
export const GENERIC_REPOSITORIES = 4;
/** Longer names are not everyone's. */
const MOST_CHARS = 40;

let known: ReadonlySet<string> | undefined;

/** The words that come with this tool: those of the training repositories of `standard.json`. */
export function genericWords(): ReadonlySet<string> {
  known ??= new Set(
    readFileSync(new URL('../../data/generic-words.txt', import.meta.url), 'utf8')
      .split(/\s+/)
      .filter(Boolean),
  );
  return known;
}

/** Counts in how many repositories names occur, one repository after the other. */
export class GenericWordCounter {
  readonly #repositories = new Map<string, number>();

  add(files: readonly SourceText[]): void {
    const names = new Set<string>();
    for (const { text } of files) {
      for (const word of wordsOf(text)) if (word.length <= MOST_CHARS && isIdentifier(word)) names.add(word);
    }
    for (const name of names) this.#repositories.set(name, (this.#repositories.get(name) ?? 0) + 1);
  }

  /** Names in at least `least` repositories, sorted. */
  words(least = GENERIC_REPOSITORIES): string[] {
    return [...this.#repositories].flatMap(([name, count]) => (count >= least ? [name] : [])).sort();
  }
}
