/** What is seen is widened to whole blocks of lines, so that typing within a block does not change the rest. */
const BLOCK_LINES = 10;

/**
 * The current file without what the model sees anyway: those lines are left empty, so that the others keep their
 * numbers. At most ten lines more are left empty on each side.
 *
 * @param seen characters next to the cursor
 */
export function unseenText(
  prefix: string,
  suffix: string,
  { beforeChars, afterChars }: { readonly beforeChars: number; readonly afterChars: number },
): string {
  const lines = `${prefix}${suffix}`.split('\n');
  const firstSeen = countLineEnds(prefix.slice(0, Math.max(0, prefix.length - beforeChars)));
  const lastSeen = countLineEnds(prefix) + countLineEnds(suffix.slice(0, afterChars));
  const from = Math.floor(firstSeen / BLOCK_LINES) * BLOCK_LINES;
  const to = Math.ceil((lastSeen + 1) / BLOCK_LINES) * BLOCK_LINES;
  return lines.map((line, number) => (number >= from && number < to ? '' : line)).join('\n');
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
