import { ByteReader, corruptWindows } from './byte-reader.js';
import { crc32 } from './crc32.js';
import { ENCODING_VERSION } from './encode-windows.js';
import { GrowableInts } from './growable-ints.js';
import { blockCountOf, blockLayoutOf, windowCountOf, type WindowOptions } from './window-options.js';

/** The windows of one document that have words. */
export interface DecodedWindows {
  readonly lines: number;
  /** Hashes of the document's distinct words. */
  readonly highs: Int32Array;
  readonly lows: Int32Array;
  /** First line of each window. */
  readonly starts: Int32Array;
  /** Where each window's words begin in `words`, and, last, where they end. */
  readonly offsets: Int32Array;
  /** Indexes into `highs` and `lows`; each at most once in a window. */
  readonly words: Int32Array;
}

const CHECKSUM_BYTES = 4;

/**
 * The inverse of {@link encodeWindows}.
 *
 * @throws AppError data_loss when the bytes are damaged, of another version, or of other window options.
 */
export function decodeWindows(data: Uint8Array, options: WindowOptions): DecodedWindows {
  const end = data.length - CHECKSUM_BYTES;
  if (end < 1) throw corruptWindows('cut short');
  if (data[0] !== ENCODING_VERSION) throw corruptWindows(`unknown version ${data[0]}`);
  const checksum = new ByteReader(data, data.length);
  checksum.position = end;
  if (checksum.int32() !== crc32(data, end)) throw corruptWindows('checksum');

  const reader = new ByteReader(data, end);
  reader.byte();
  const windowLines = reader.varint();
  const strideLines = reader.varint();
  if (windowLines !== options.windowLines || strideLines !== options.strideLines) {
    throw corruptWindows(
      `windows of ${windowLines} lines every ${strideLines}, not of ${options.windowLines} every ${options.strideLines}`,
    );
  }
  const lines = reader.varint();
  const { highs, lows } = readWords(reader);
  const blocks = readBlocks(reader, blockCountOf(lines, blockLayoutOf(options)), highs.length);
  if (reader.remaining > 0) throw corruptWindows('too long');
  return { lines, highs, lows, ...uniteBlocks(blocks, lines, highs.length, options) };
}

function readWords(reader: ByteReader): { highs: Int32Array; lows: Int32Array } {
  const count = reader.varint();
  if (count * 8 > reader.remaining) throw corruptWindows('cut short');
  const highs = new Int32Array(count);
  const lows = new Int32Array(count);
  for (let word = 0; word < count; word++) {
    highs[word] = reader.int32();
    lows[word] = reader.int32();
  }
  return { highs, lows };
}

interface Blocks {
  readonly offsets: Int32Array;
  readonly words: Int32Array;
}

function readBlocks(reader: ByteReader, count: number, wordCount: number): Blocks {
  // Two bytes at least for each: a damaged count must not make us allocate.
  if (count * 2 > reader.remaining) throw corruptWindows('cut short');
  const offsets = new Int32Array(count + 1);
  const words = new GrowableInts(reader.remaining);
  let known = 0;
  for (let block = 0; block < count; block++) {
    const fresh = reader.varint();
    if (fresh > wordCount - known) throw corruptWindows('word out of range');
    const repeated = reader.varint();
    let word = -1;
    for (let i = 0; i < repeated; i++) {
      word += reader.varint() + 1;
      if (word >= known) throw corruptWindows('word out of range');
      words.push(word);
    }
    for (let i = 0; i < fresh; i++) words.push(known++);
    offsets[block + 1] = words.length;
  }
  if (known !== wordCount) throw corruptWindows('word without a place');
  return { offsets, words: words.values() };
}

function uniteBlocks(
  blocks: Blocks,
  lines: number,
  wordCount: number,
  options: WindowOptions,
): Pick<DecodedWindows, 'starts' | 'offsets' | 'words'> {
  const { blocksPerStride, blocksPerWindow } = blockLayoutOf(options);
  const blockCount = blocks.offsets.length - 1;
  const windowCount = windowCountOf(lines, options);
  const starts = new GrowableInts(windowCount);
  const offsets = new GrowableInts(windowCount + 1);
  const words = new GrowableInts(blocks.words.length * 2);
  /** Number + 1 of the window that a word was last put into. */
  const lastWindow = new Int32Array(wordCount);
  offsets.push(0);
  for (let window = 0; window < windowCount; window++) {
    const firstBlock = window * blocksPerStride;
    const from = blocks.offsets[firstBlock]!;
    const to = blocks.offsets[Math.min(blockCount, firstBlock + blocksPerWindow)]!;
    if (from === to) continue;
    for (let i = from; i < to; i++) {
      const word = blocks.words[i]!;
      if (lastWindow[word] === window + 1) continue;
      lastWindow[word] = window + 1;
      words.push(word);
    }
    starts.push(window * options.strideLines);
    offsets.push(words.length);
  }
  return { starts: starts.values(), offsets: offsets.values(), words: words.values() };
}
