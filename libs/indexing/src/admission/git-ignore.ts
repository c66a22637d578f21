import type { IgnoreRules } from '@repoformer/domain';
import { matchesPattern, parseIgnorePattern, type IgnorePattern } from './ignore-pattern.js';

const MAX_PATTERN_LENGTH = 1_024;

/** Which files git does not track by `.gitignore` files: nearer ones first, and of each the last line that matches. */
export class GitIgnore implements IgnoreRules {
  readonly #patterns = new Map<string, IgnorePattern[]>();

  add(directory: string, text: string): void {
    const lines = text.split(/\r?\n/).filter((line) => line.length <= MAX_PATTERN_LENGTH);
    const patterns = lines.map(parseIgnorePattern).filter((pattern) => pattern !== undefined);
    this.#patterns.set(directory, [...patterns.reverse(), ...(this.#patterns.get(directory) ?? [])]);
  }

  isIgnored(path: string): boolean {
    for (let end = path.lastIndexOf('/', path.length - 2); ; end = path.lastIndexOf('/', end - 1)) {
      const directory = path.slice(0, end + 1);
      const relative = path.slice(directory.length);
      const match = this.#patterns.get(directory)?.find((pattern) => matchesPattern(pattern, relative));
      if (match) return !match.isNegated;
      if (end < 0) return false;
    }
  }
}
