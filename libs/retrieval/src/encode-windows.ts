import { ByteWriter } from './byte-writer.js';
import { crc32 } from './crc32.js';
import { GrowableInts } from './growable-ints.js';
import { lineCountOf } from './lines.js';
import {
  assertWindowOptions,
  blockCountOf,
  blockLayoutOf,
  windowCountOf,
  type WindowOptions,
} from './window-options.js';
import { END, LINE_END, WordScanner } from './word-scanner.js';
import { WordTable } from './word-table.js';

/** First byte of the encoding; a later format takes another number. */
export const ENCODING_VERSION = 1;

/** What {@link encodeWindows} gives: the bytes to keep for a blob, and its counts. */
export interface EncodedWindows {
  readonly data: Uint8Array;
  readonly lines: number;
  /** Windows that have words; the others are left out. */
  readonly windows: number;
}

/**
 * Splits UTF-8 text into windows of whole lines and encodes their word sets. Windows start at 0, stride,
 * 2 * stride...; the last is the first one that reaches the end of the text. Any bytes are accepted: what is
 * not UTF-8 still has words.
 *
 * The format, version 1 (`varint`: LEB128 below 2^31; `int32`: little-endian):
 *
 *     byte    version, 1
 *     varint  windowLines, strideLines, lines, words
 *     int32   high and low half of each word's hash, in order of the words' first appearance
 *     for each block of lines:
 *       varint  words that appear here for the first time (the next ones of the table)
 *       varint  words that appeared before, then their numbers, ascending: the first as it is, then the
 *               differences less one
 *     int32   CRC-32 of all bytes before
 *
 * A block reaches from one start or end of a window to the next, so overlapping windows share their words;
 * its place and number follow from the first three numbers. Typical source code takes about 90 bytes per
 * window of 20 lines with stride 10.
 *
 * @throws AppError invalid_argument when the options are out of range.
 */
export function encodeWindows(bytes: Uint8Array, options: WindowOptions): EncodedWindows {
  assertWindowOptions(options);
  const lines = lineCountOf(bytes);
  const table = new WordTable();
  const blocks = new BlockEncoder(table, bytes.length >>> 3);
  const layout = blockLayoutOf(options);

  const scanner = new WordScanner(bytes);
  let line = 0;
  let boundary = layout.evenLines;
  for (let kind = scanner.next(); kind !== END; kind = scanner.next()) {
    if (kind === LINE_END) {
      line++;
      if (line === boundary) {
        blocks.endBlock();
        boundary += blocks.count & 1 ? layout.oddLines : layout.evenLines;
      }
    } else {
      blocks.addWord(table.intern(scanner.high, scanner.low));
    }
  }
  while (blocks.count < blockCountOf(lines, layout)) blocks.endBlock();

  const writer = new ByteWriter(table.size * 8 + blocks.writer.length + 32);
  writer.byte(ENCODING_VERSION);
  writer.varint(options.windowLines);
  writer.varint(options.strideLines);
  writer.varint(lines);
  writer.varint(table.size);
  const { highHashes, lowHashes } = table;
  for (let word = 0; word < table.size; word++) {
    writer.int32(highHashes[word]!);
    writer.int32(lowHashes[word]!);
  }
  writer.raw(blocks.writer.written());
  writer.int32(crc32(writer.written(), writer.length));

  let windows = 0;
  const total = windowCountOf(lines, options);
  for (let window = 0; window < total; window++) {
    const first = window * layout.blocksPerStride;
    if (blocks.hasWords(first, first + layout.blocksPerWindow)) windows++;
  }
  return { data: writer.written().slice(), lines, windows };
}

/** Writes the word lists of consecutive blocks. */
class BlockEncoder {
  count = 0;
  readonly writer: ByteWriter;
  /** Number + 1 of the block that a word was last seen in. */
  private lastSeen = new Int32Array(64);
  private wordsBefore = 0;
  private readonly repeated = new GrowableInts();
  /** Prefix sums of the number of non-empty blocks. */
  private readonly nonEmpty = [0];

  constructor(
    private readonly table: WordTable,
    capacity: number,
  ) {
    this.writer = new ByteWriter(capacity);
  }

  addWord(word: number): void {
    if (word >= this.wordsBefore) return;
    if (this.lastSeen[word] === this.count + 1) return;
    this.lastSeen[word] = this.count + 1;
    this.repeated.push(word);
  }

  endBlock(): void {
    const fresh = this.table.size - this.wordsBefore;
    const { writer } = this;
    const repeated = this.repeated.values().sort();
    writer.varint(fresh);
    writer.varint(repeated.length);
    let previous = -1;
    for (const word of repeated) {
      writer.varint(word - previous - 1);
      previous = word;
    }
    this.nonEmpty.push(this.nonEmpty[this.count]! + (fresh + repeated.length > 0 ? 1 : 0));
    this.count++;
    this.repeated.clear();
    this.wordsBefore = this.table.size;
    if (this.lastSeen.length < this.wordsBefore) {
      const lastSeen = new Int32Array(this.wordsBefore * 2);
      lastSeen.set(this.lastSeen);
      this.lastSeen = lastSeen;
    }
  }

  /** Whether any of the blocks from `first` to `end` (exclusive, cut to the last) has words. */
  hasWords(first: number, end: number): boolean {
    return this.nonEmpty[Math.min(end, this.count)]! > this.nonEmpty[first]!;
  }
}
