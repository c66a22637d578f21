import { isWord, NEWLINE, type LexedCode } from './lexer.js';

/** How many spaces stand between two tokens that follow each other, learned from code. */
export class Spacing {
  private readonly seen = new Map<string, [none: number, one: number, more: number]>();

  /** Notes the spaces of a text. */
  add({ tokens, spaces }: LexedCode): void {
    for (let at = 1; at < tokens.length; at++) {
      const key = keyOf(tokens[at - 1] as string, tokens[at] as string);
      let counts = this.seen.get(key);
      if (counts === undefined) this.seen.set(key, (counts = [0, 0, 0]));
      const space = spaces[at] as 0 | 1 | 2;
      counts[space]++;
    }
  }

  /** Whether two tokens were seen next to each other. */
  knows(before: string, after: string): boolean {
    return this.seen.get(keyOf(before, after))?.some((count) => count > 0) ?? false;
  }

  /**
   * The most frequent number of spaces (2 for more) in these texts less those in `without`; where nothing is known, one
   * between words and else none.
   */
  between(before: string, after: string, without?: Spacing): number {
    if (before.startsWith(NEWLINE) || after.startsWith(NEWLINE)) return 0;
    const key = keyOf(before, after);
    const own = without?.seen.get(key) ?? [0, 0, 0];
    const counts = (this.seen.get(key) ?? [0, 0, 0]).map((count, space) => count - (own[space] as number));
    const most = Math.max(...counts);
    if (most > 0) return counts.indexOf(most);
    return isWord(before) && isWord(after) ? 1 : 0;
  }
}

const keyOf = (before: string, after: string): string => `${before} ${after}`;
