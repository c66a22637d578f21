import type { LineRange } from './unseen-text.js';

/**
 * Divides lines into chunks of at most `maxLines`, at the strongest boundaries that there are: where a part is too
 * long, it is divided at all boundaries of the strongest kind in it, neighbours are put together again while they fit,
 * and what is still too long is divided further. Without any boundary it is cut after every `maxLines`. Blank lines at
 * both ends of a chunk are left out.
 *
 * @param strengths of the boundary before each line; 0: none
 */
export function divideLines(
  lines: readonly string[],
  strengths: ArrayLike<number>,
  maxLines: number,
): LineRange[] {
  const chunks: LineRange[] = [];
  const divide = (from: number, to: number) => {
    const { start, end } = trimBlank(lines, from, to);
    if (start >= end) return;
    if (end - start <= maxLines) {
      chunks.push({ from: start, to: end });
      return;
    }
    let strongest = 0;
    for (let line = start + 1; line < end; line++) strongest = Math.max(strongest, strengths[line]!);
    if (strongest === 0) {
      for (let at = start; at < end; at += maxLines) divide(at, Math.min(end, at + maxLines));
      return;
    }
    let part = start;
    let merged: number | undefined;
    for (let line = start + 1; line <= end; line++) {
      if (line < end && strengths[line] !== strongest) continue;
      // The part from the last boundary to this one joins those before it, if it fits.
      if (merged !== undefined && lengthOf(lines, merged, line) > maxLines) {
        divide(merged, part);
        merged = undefined;
      }
      merged ??= part;
      part = line;
    }
    divide(merged!, end);
  };
  divide(0, lines.length);
  return chunks;
}

function lengthOf(lines: readonly string[], from: number, to: number): number {
  const { start, end } = trimBlank(lines, from, to);
  return end - start;
}

export function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === '';
}

function trimBlank(lines: readonly string[], from: number, to: number): { start: number; end: number } {
  let start = from;
  let end = to;
  while (start < end && isBlank(lines[start])) start++;
  while (end > start && isBlank(lines[end - 1])) end--;
  return { start, end };
}
