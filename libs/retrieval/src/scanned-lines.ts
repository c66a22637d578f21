import { GrowableInts } from './growable-ints.js';
import { END, LINE_END, WordScanner } from './word-scanner.js';
import type { WordTable } from './word-table.js';

/** Where in a text, in UTF-16 code units, something stands that the caller wants its line to be marked for. */
export type MarkFinder = (text: string) => Iterable<number>;

/**
 * The lines of a text, as `split('\n')` gives them, with the words of each. Line i reaches, its line end counted,
 * from `starts[i]` to `starts[i + 1]`; the last line has a line end in thought.
 */
export interface ScannedLines {
  readonly count: number;
  /** In UTF-16 code units; one more than there are lines. */
  readonly starts: Int32Array;
  /** In bytes of UTF-8. */
  readonly byteStarts: Int32Array;
  /** Where each line's words begin in `words`. */
  readonly wordStarts: Int32Array;
  /** Numbers of words in a table; a word may stand in a line more than once. */
  readonly words: Int32Array;
  /** 1 for lines that have a mark. */
  readonly marked: Uint8Array;
}

export function scanLines(text: string, table: WordTable, findMarks: MarkFinder): ScannedLines {
  const bytes = new TextEncoder().encode(text);
  const words = new GrowableInts(bytes.length >>> 3);
  const wordStarts = new GrowableInts(bytes.length >>> 5);
  const byteStarts = new GrowableInts(bytes.length >>> 5);
  wordStarts.push(0);
  byteStarts.push(0);
  const scanner = new WordScanner(bytes);
  for (let kind = scanner.next(); kind !== END; kind = scanner.next()) {
    if (kind === LINE_END) {
      wordStarts.push(words.length);
      byteStarts.push(scanner.offset);
    } else {
      words.push(table.intern(scanner.high, scanner.low));
    }
  }
  wordStarts.push(words.length);
  byteStarts.push(bytes.length + 1);
  const count = byteStarts.length - 1;
  const lines = {
    count,
    byteStarts: byteStarts.values().slice(),
    wordStarts: wordStarts.values().slice(),
    words: words.values().slice(),
    marked: new Uint8Array(count),
  };
  const starts = bytes.length === text.length ? lines.byteStarts : startsOf(text, count);
  for (const position of findMarks(text)) lines.marked[lineAt(starts, position)] = 1;
  return { ...lines, starts };
}

function startsOf(text: string, count: number): Int32Array {
  const starts = new Int32Array(count + 1);
  for (let line = 1; line < count; line++) starts[line] = text.indexOf('\n', starts[line - 1]) + 1;
  starts[count] = text.length + 1;
  return starts;
}

/** The line that a position stands on, its line end counted. */
export function lineAt(starts: Int32Array, position: number): number {
  let low = 0;
  for (let high = starts.length - 2; low < high;) {
    const middle = (low + high + 1) >>> 1;
    if (starts[middle]! <= position) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The same lines with others in place of lines `from` to `to` (exclusive); the argument stays as it is. */
export function replaceLines(
  lines: ScannedLines,
  from: number,
  to: number,
  fresh: ScannedLines,
): ScannedLines {
  const { words, wordStarts, marked } = lines;
  const count = lines.count - (to - from) + fresh.count;
  const wordCount = words.length - (wordStarts[to]! - wordStarts[from]!) + fresh.words.length;
  return {
    count,
    starts: replaceOffsets(lines.starts, from, to, fresh.starts),
    byteStarts: replaceOffsets(lines.byteStarts, from, to, fresh.byteStarts),
    wordStarts: replaceOffsets(wordStarts, from, to, fresh.wordStarts),
    words: replaceItems(words, wordStarts[from]!, wordStarts[to]!, fresh.words, new Int32Array(wordCount)),
    marked: replaceItems(marked, from, to, fresh.marked, new Uint8Array(count)),
  };
}

function replaceItems<T extends Int32Array | Uint8Array>(
  items: T,
  from: number,
  to: number,
  fresh: T,
  result: T,
): T {
  result.set(items.subarray(0, from));
  result.set(fresh, from);
  result.set(items.subarray(to), from + fresh.length);
  return result;
}

/** Offsets of lines from the text's beginning; those of the fresh lines are from the beginning of these. */
function replaceOffsets(offsets: Int32Array, from: number, to: number, fresh: Int32Array): Int32Array {
  const count = fresh.length - 1;
  const result = new Int32Array(offsets.length - (to - from) + count);
  result.set(offsets.subarray(0, from));
  const base = offsets[from]!;
  for (let i = 0; i < count; i++) result[from + i] = base + fresh[i]!;
  const shift = base + fresh[count]! - offsets[to]!;
  for (let i = to; i < offsets.length; i++) result[i - to + from + count] = offsets[i]! + shift;
  return result;
}
