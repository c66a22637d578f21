import { WHITE_SPACE } from './whitespace.js';

const spaces = new RegExp(`[${WHITE_SPACE}]+`);

/**
 * The tokens that {@link exactMatch} compares: runs of ASCII letters, digits and underscores, cut where a small letter
 * meets a capital; every other character by itself; white space only separates. Both kinds of quotation mark
 * are written as a backtick.
 */
export function tokenizeForMatch(code: string): string[] {
  return code
    .replace(/[^A-Za-z0-9_]/gu, ' $& ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/["']/g, '`')
    .split(spaces)
    .filter((token) => token !== '');
}

/**
 * Exact match: whether both texts have the same tokens (see {@link tokenizeForMatch}). White space and the kind of
 * quotation marks make no difference; letter case, comments and everything else do.
 *
 * Source: Repoformer (Wu et al., ICML 2024, section 5.1), in its released code `cal_exact_match`. RepoCoder
 * compares the stripped non-blank lines instead, which is stricter about spaces inside a line.
 */
export function exactMatch(prediction: string, truth: string): boolean {
  const a = tokenizeForMatch(prediction);
  const b = tokenizeForMatch(truth);
  return a.length === b.length && a.every((token, index) => token === b[index]);
}
