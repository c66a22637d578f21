/** What is seen is widened to whole blocks of lines, so that typing within a block does not change the rest. */
const BLOCK_LINES = 10;

/** Characters next to the cursor that the model sees anyway. */
export interface SeenText {
  readonly beforeChars: number;
  readonly afterChars: number;
}

/** Lines `from` to `to` (exclusive) of a text; `to` may lie beyond its end. */
export interface LineRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The lines of the current file that the model sees anyway, and at most ten lines more on each side.
 *
 * @param lineOf the number of the line that a character of prefix and suffix together stands on: of the line ends before it
 */
export function seenLines(
  prefixLength: number,
  suffixLength: number,
  { beforeChars, afterChars }: SeenText,
  lineOf: (position: number) => number,
): LineRange {
  const first = lineOf(Math.max(0, prefixLength - beforeChars));
  const last = lineOf(prefixLength + Math.min(suffixLength, Math.max(0, afterChars)));
  return {
    from: Math.floor(first / BLOCK_LINES) * BLOCK_LINES,
    to: Math.ceil((last + 1) / BLOCK_LINES) * BLOCK_LINES,
  };
}

/**
 * The current file without what the model sees anyway: those lines are left empty, so that the others keep their
 * numbers. At most ten lines more are left empty on each side. Reads the whole text; `LiveText` finds the same in a
 * text that is being edited.
 */
export function unseenText(prefix: string, suffix: string, seen: SeenText): string {
  const text = `${prefix}${suffix}`;
  const { from, to } = seenLines(prefix.length, suffix.length, seen, (position) =>
    countLineEnds(text.slice(0, position)),
  );
  return text
    .split('\n')
    .map((line, number) => (number >= from && number < to ? '' : line))
    .join('\n');
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
