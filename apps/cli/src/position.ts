import { invalidArgument } from '@repoformer/domain';

/** A place in a file as editors show it: 1-based. */
export interface FilePosition {
  /** As typed; "-" is standard input. */
  readonly file: string;
  readonly line: number;
  /** UTF-16 code units before the cursor, plus one. Undefined: the end of the line. */
  readonly column: number | undefined;
}

/** What `-` for the file becomes on its way through a parser that takes it for an option. */
export const STANDARD_INPUT = '/dev/stdin';

/** Reads `FILE:LINE` or `FILE:LINE:COL`. */
export function parsePosition(text: string): FilePosition {
  const match = /^(.+?):(\d{1,9})(?::(\d{1,9}))?$/s.exec(text);
  if (match === null) {
    throw invalidArgument(
      'position',
      `${JSON.stringify(text)} is no FILE:LINE or FILE:LINE:COL, such as src/main.ts:42:7`,
    );
  }
  const [, typed = '', line, column] = match;
  const file = typed === STANDARD_INPUT ? '-' : typed;
  const position = { file, line: Number(line), column: column === undefined ? undefined : Number(column) };
  if (position.line === 0) throw invalidArgument('position', 'lines are counted from 1');
  if (position.column === 0) throw invalidArgument('position', 'columns are counted from 1');
  return position;
}

export interface TextAround {
  readonly prefix: string;
  readonly suffix: string;
}

export interface SplitOptions {
  /** Drop what stands after the cursor on its line. */
  readonly replaceLine?: boolean;
}

/** What ends a line, as editors see it. */
const LINE_END = /\r\n|\n|\r/g;

/**
 * The text before and after a position.
 *
 * @throws AppError invalid_argument/INVALID_REQUEST when the text has no such place.
 */
export function splitAt(text: string, position: FilePosition, options: SplitOptions = {}): TextAround {
  const { start, end } = findLine(text, position);
  const length = end - start;
  const column = position.column ?? length + 1;
  if (column > length + 1) {
    throw invalidArgument(
      'position',
      `line ${position.line} of ${position.file} ends at column ${length + 1}; column ${column} is beyond it`,
    );
  }
  const cursor = start + column - 1;
  const before = text.charCodeAt(cursor - 1);
  const after = text.charCodeAt(cursor);
  if (cursor > start && isHigh(before) && cursor < end && isLow(after)) {
    throw invalidArgument(
      'position',
      `column ${column} is in the middle of a character, which takes two columns; use ${column - 1} or ${column + 1}`,
    );
  }
  return {
    prefix: text.slice(0, cursor),
    suffix: text.slice(options.replaceLine === true ? end : cursor),
  };
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Offsets of a line's first unit and of the one past its last, without what ends it. */
function findLine(text: string, { file, line }: FilePosition): { start: number; end: number } {
  let start = 0;
  let current = 1;
  for (const { 0: mark, index } of text.matchAll(LINE_END)) {
    if (current === line) return { start, end: index };
    start = index + mark.length;
    current += 1;
  }
  if (current === line) return { start, end: text.length };
  throw invalidArgument('position', `${file} has ${current} lines; line ${line} is beyond its end`);
}
