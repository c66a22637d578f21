/** Share of a chunk's lines that must occur in the context for the chunk to say nothing new. */
const DEFAULT_DUPLICATE_SHARE = 0.8;

/** A line that has something to compare: at least one letter, digit, underscore or non-ASCII character. */
const HAS_WORD = /[A-Za-z0-9_\u0080-\uffff]/;

/**
 * Makes the test whether a chunk says what a context says already: at least `threshold` of the chunk's lines
 * stand in the context too. Lines are compared without white space at both ends, so indentation does not
 * matter; lines without a word (blank, brackets only) do not count, and a chunk of only such lines is no
 * duplicate. Each test takes time linear in the chunk.
 *
 * @param contextText what the model will see anyway: the text around the hole
 * @param threshold in (0, 1]
 */
export function createNearDuplicateTest(
  contextText: string,
  threshold: number = DEFAULT_DUPLICATE_SHARE,
): (chunkText: string) => boolean {
  const known = new Set(tellingLines(contextText));
  return (chunkText) => {
    const lines = tellingLines(chunkText);
    if (lines.length === 0) return false;
    const repeated = lines.filter((line) => known.has(line)).length;
    return repeated >= threshold * lines.length;
  };
}

function tellingLines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => HAS_WORD.test(line));
}
