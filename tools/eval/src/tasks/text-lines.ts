/** Whether a text has nothing but white space. */
export function isBlank(text: string): boolean {
  return text.trim() === '';
}

/** A text as Python's text mode reads it: every line end is `\n`. */
export function normalizeLineEnds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** What ends a line for Python's `str.splitlines`, but for carriage returns. */
const ENDS = '[\\n\\v\\f\\u001c-\\u001e\\u0085\\u2028\\u2029]';

/**
 * Offsets at which the lines of a text begin, as Python's `str.splitlines` sees them: RepoEval's line numbers were
 * counted by it, and it also ends lines at form feeds and other separators. Line ends must be normalised.
 */
export function lineStarts(text: string): number[] {
  const starts = text === '' ? [] : [0];
  for (const { index } of text.matchAll(new RegExp(ENDS, 'g'))) {
    if (index + 1 < text.length) starts.push(index + 1);
  }
  return starts;
}
