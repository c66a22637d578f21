import { CursorText } from './cursor-text.js';
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
    private readonly text: CursorText,
    private readonly lines: ScannedLines,
    private readonly table: WordTable,
    /** Words in the table when the text was last read as a whole. */
    private readonly firstWords: number,
    private readonly findMarks: MarkFinder,
  ) {}

  /**
   * @param prefix what stands before the cursor
   * @param findMarks marks lines, for `UnseenLines.markedText`; what it finds may depend on nothing beyond the line
   */
  static of(prefix: string, suffix: string, findMarks: MarkFinder = noMarks): LiveText {
    return LiveText.read(new CursorText(prefix, suffix), findMarks);
  }

  private static read(text: CursorText, findMarks: MarkFinder): LiveText {
    const table = new WordTable();
    const lines = scanLines(text.slice(0, text.length), table, findMarks);
    return new LiveText(text, lines, table, table.size, findMarks);
  }

  /** Memory held; what an edited text shares with its former state is counted with both. */
  get memoryBytes(): number {
    const { starts, byteStarts, wordStarts, words, marked } = this.lines;
    const arrays = [starts, byteStarts, wordStarts, words, marked];
    return arrays.reduce((sum, each) => sum + each.byteLength, 2 * this.text.length + this.table.memoryBytes);
  }

  /** The same after an edit, whatever was changed, or after a move of the cursor. */
  edited(prefix: string, suffix: string): LiveText {
    const { text: former, lines, table, firstWords, findMarks } = this;
    const text = new CursorText(prefix, suffix);
    const shorter = Math.min(text.length, former.length);
    const before = commonPrefix(former, text, shorter);
    if (before === text.length && before === former.length) {
      return new LiveText(text, lines, table, firstWords, findMarks);
    }
    const after = commonSuffix(former, text, shorter - before);
    const isMostlyOther = before + after < shorter / 2;
    if (isMostlyOther || table.size > 2 * firstWords + SPARE_WORDS) return LiveText.read(text, findMarks);
    const from = lineAt(lines.starts, before);
    const to = lineAt(lines.starts, former.length - after) + 1;
    const end = lines.starts[to]! - 1 + text.length - former.length;
    const fresh = scanLines(text.slice(lines.starts[from]!, end), table, findMarks);
    return new LiveText(text, replaceLines(lines, from, to, fresh), table, firstWords, findMarks);
  }

  /** The text without the lines that the model sees anyway, as `unseenText` leaves them empty. */
  unseen(seen: SeenText): UnseenLines {
    const { text, lines, table } = this;
    const hidden = seenLines(text.prefix.length, text.suffix.length, seen, (position) =>
      lineAt(lines.starts, position),
    );
    return new UnseenLines(text, lines, table, hidden);
  }

  /** All of the text. */
  whole(): UnseenLines {
    return new UnseenLines(this.text, this.lines, this.table, { from: 0, to: 0 });
  }
}

function commonPrefix(a: CursorText, b: CursorText, limit: number): number {
  let at = 0;
  while (at + COMPARED <= limit && a.slice(at, at + COMPARED) === b.slice(at, at + COMPARED)) at += COMPARED;
  const end = Math.min(limit, at + COMPARED);
  const [left, right] = [a.slice(at, end), b.slice(at, end)];
  let more = 0;
  while (more < left.length && left.charCodeAt(more) === right.charCodeAt(more)) more++;
  return at + more;
}

function commonSuffix(a: CursorText, b: CursorText, limit: number): number {
  let length = 0;
  const part = (text: CursorText, size: number) =>
    text.slice(text.length - length - size, text.length - length);
  while (length + COMPARED <= limit && part(a, COMPARED) === part(b, COMPARED)) length += COMPARED;
  const size = Math.min(COMPARED, limit - length);
  const [left, right] = [part(a, size), part(b, size)];
  let more = 0;
  while (more < size && left.charCodeAt(size - more - 1) === right.charCodeAt(size - more - 1)) more++;
  return length + more;
}
