import { lineAt, replaceLines, scanLines, type MarkFinder, type ScannedLines } from './scanned-lines.js';
import { UnseenLines } from './unseen-lines.js';
import { seenLines, type SeenText } from './unseen-text.js';
import { WordTable } from './word-table.js';

/** Code units compared at a time. */
const COMPARED = 4096;
/** Words that were typed once and are gone are given up when there are as many of them as these and the text's. */
const SPARE_WORDS = 4096;

const noMarks: MarkFinder = () => [];

/**
 * A text that is being edited, ready to be searched at any time. Only lines that an edit changed are read anew, so
 * that a key typed in a file of any length costs about as much as copying some numbers for each of its lines.
 * A value: an edit gives another one, and searches of this one go on.
 */
export class LiveText {
  private constructor(
    readonly text: string,
    private readonly lines: ScannedLines,
    private readonly table: WordTable,
    /** Words in the table when the text was last read as a whole. */
    private readonly firstWords: number,
    private readonly findMarks: MarkFinder,
  ) {}

  /** @param findMarks marks lines, for `UnseenLines.markedText`; what it finds may depend on nothing beyond the line */
  static of(text: string, findMarks: MarkFinder = noMarks): LiveText {
    const table = new WordTable();
    const lines = scanLines(text, table, findMarks);
    return new LiveText(text, lines, table, table.size, findMarks);
  }

  /** Memory held; what an edited text shares with its former state is counted with both. */
  get memoryBytes(): number {
    const { starts, byteStarts, wordStarts, words, marked } = this.lines;
    const arrays = [starts, byteStarts, wordStarts, words, marked];
    return arrays.reduce((sum, each) => sum + each.byteLength, 2 * this.text.length + this.table.memoryBytes);
  }

  /** The same after an edit, whatever was changed. */
  edited(text: string): LiveText {
    const { lines, table, firstWords, findMarks } = this;
    if (text === this.text) return this;
    const shorter = Math.min(text.length, this.text.length);
    const before = commonPrefix(this.text, text, shorter);
    const after = commonSuffix(this.text, text, shorter - before);
    const isMostlyOther = before + after < shorter / 2;
    if (isMostlyOther || table.size > 2 * firstWords + SPARE_WORDS) return LiveText.of(text, findMarks);
    const from = lineAt(lines.starts, before);
    const to = lineAt(lines.starts, this.text.length - after) + 1;
    const end = lines.starts[to]! - 1 + text.length - this.text.length;
    const fresh = scanLines(text.slice(lines.starts[from]!, end), table, findMarks);
    return new LiveText(text, replaceLines(lines, from, to, fresh), table, firstWords, findMarks);
  }

  /**
   * The text without the lines that the model sees anyway, as `unseenText` leaves them empty.
   *
   * @param prefixLength code units before the cursor
   */
  unseen(prefixLength: number, seen: SeenText): UnseenLines {
    const { text, lines, table } = this;
    const hidden = seenLines(prefixLength, text.length - prefixLength, seen, (position) =>
      lineAt(lines.starts, position),
    );
    return new UnseenLines(text, lines, table, hidden);
  }

  /** All of the text. */
  whole(): UnseenLines {
    return new UnseenLines(this.text, this.lines, this.table, { from: 0, to: 0 });
  }
}

function commonPrefix(a: string, b: string, limit: number): number {
  let at = 0;
  while (at + COMPARED <= limit && a.slice(at, at + COMPARED) === b.slice(at, at + COMPARED)) at += COMPARED;
  while (at < limit && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}

function commonSuffix(a: string, b: string, limit: number): number {
  let length = 0;
  const partBefore = (text: string) => text.slice(text.length - length - COMPARED, text.length - length);
  while (length + COMPARED <= limit && partBefore(a) === partBefore(b)) length += COMPARED;
  while (length < limit && a.charCodeAt(a.length - length - 1) === b.charCodeAt(b.length - length - 1)) {
    length++;
  }
  return length;
}
