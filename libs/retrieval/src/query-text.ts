/**
 * The text that retrieval is asked with: the last `windowLines` lines before the cursor. The line that the
 * cursor is on counts as one of them, even when nothing is typed on it yet.
 */
export function queryText(prefix: string, windowLines: number): string {
  let from = prefix.length;
  for (let line = 0; line < windowLines; line++) {
    if (from === 0) return prefix;
    from = prefix.lastIndexOf('\n', from - 1);
    if (from < 0) return prefix;
  }
  return prefix.slice(from + 1);
}
