import { divideLines, isBlank } from './divide-lines.js';
import type { LineRange } from './unseen-text.js';

/** Blocks nested deeper are divided as if they were at this depth. */
const MAX_DEPTH = 8;
const BLANK_LINE = 1;
const TAB_COLUMNS = 4;
const TAB = 9;
const SPACE = 32;
/** What goes on with a block instead of beginning one: closing brackets, other branches. */
const GOES_ON = /^\s*(?:[)\]}>;,]|(?:else|elif|elsif|except|finally|catch|rescue|case|default|when|end)\b)/;
/** What stands directly above a definition and belongs to it: decorators, attributes, comments. */
const BELONGS_BELOW = /^\s*(@|#|\/\/|\/\*|\*|--)/;

/**
 * Blocks of at most `maxLines` as indentation shows them, in any language and without a parser: a file is divided at its
 * outermost blocks first, one that is too long at the blocks inside, then at blank lines; small neighbours are put
 * together. Ascending, none overlaps another, and lines in none are blank.
 */
export function indentedBlocks(lines: readonly string[], maxLines: number): LineRange[] {
  return divideLines(lines, boundaryStrengths(lines), maxLines);
}

function boundaryStrengths(lines: readonly string[]): Uint8Array {
  const strengths = new Uint8Array(lines.length + 1);
  strengths[lines.length] = BLANK_LINE;
  /** Columns of the heads of the blocks that are open, outermost first. */
  const open: number[] = [];
  let previous: { readonly line: number; readonly column: number } | undefined;
  for (const [line, text] of lines.entries()) {
    if (isBlank(text)) {
      strengths[line] = BLANK_LINE;
      continue;
    }
    const column = columnOf(text);
    if (previous && column > previous.column && !GOES_ON.test(lines[previous.line]!)) {
      mark(withWhatBelongs(lines, previous.line), open.length);
      open.push(previous.column);
    } else if (!GOES_ON.test(text)) {
      const depth = open.findIndex((head) => head >= column);
      if (depth >= 0) {
        open.length = depth;
        mark(line, depth);
      }
    }
    previous = { line, column };
  }
  return strengths;

  function mark(line: number, depth: number): void {
    const strength = BLANK_LINE + 1 + MAX_DEPTH - Math.min(MAX_DEPTH, depth);
    strengths[line] = Math.max(strengths[line]!, strength);
  }
}

/** First line of a definition with its decorators and comments. */
export function withWhatBelongs(lines: readonly string[], startLine: number): number {
  let from = startLine;
  while (from > 0 && BELONGS_BELOW.test(lines[from - 1]!)) from--;
  return from;
}

export function columnOf(line: string): number {
  let column = 0;
  for (let at = 0; at < line.length; at++) {
    const code = line.charCodeAt(at);
    if (code === TAB) column += TAB_COLUMNS;
    else if (code === SPACE) column++;
    else break;
  }
  return column;
}
