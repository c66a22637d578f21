/** Characters of code in a token, and tokens that a span costs beside its lines: its path and line ends. */
const CHARS_PER_TOKEN = 3.1;
export const SPAN_TOKENS = 12;

/** Tokens of a line with its line end: an estimate, so that selection needs no model. */
export function lineTokens(line: string): number {
  return (line.length + 1) / CHARS_PER_TOKEN;
}

/** Tokens of a span in a prompt. */
export function spanTokens(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + lineTokens(line), SPAN_TOKENS);
}
