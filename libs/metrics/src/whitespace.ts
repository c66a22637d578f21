/**
 * What Python's `str.strip` and `\s` take for white space, as the body of a character class. The published scripts
 * are Python; JavaScript's own `\s` has U+FEFF besides and lacks U+001C to U+001F and U+0085.
 */
export const WHITE_SPACE =
  '\\t\\n\\v\\f\\r\\u001c-\\u001f \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const isSpace = new RegExp(`^[${WHITE_SPACE}]$`);

/** The text without white space at its ends, as Python's `str.strip` gives it. */
export function strip(text: string): string {
  // Two loops rather than one expression: a pattern for the end backtracks quadratically over inner runs of spaces.
  let start = 0;
  let end = text.length;
  while (start < end && isSpace.test(text.charAt(start))) start++;
  while (end > start && isSpace.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Whether a text has nothing but white space. */
export function isBlank(text: string): boolean {
  return strip(text) === '';
}
