import { corruptSnapshot } from './snapshot-error.js';
import { smallestOfFourOf } from './scan-windows.js';
import { cellsOf } from './bit-columns.js';
import { Segment } from './segment.js';

/** Which numbers a segment's bytes begin with, one 32-bit number each. */
const HEADER = ['version', 'documents', 'windows', 'words', 'postings', 'bitmapWords'] as const;
/** Rounded up to a multiple of 8, so that what follows is aligned. */
const HEADER_BYTES = 32;
const VERSION = 2;

/**
 * The bytes of a segment: a header, then its arrays as they are in memory, widest numbers first. In the byte order of
 * this machine: they are kept to start faster, not to be carried elsewhere.
 *
 * @param windowSize the sizes to write, which may be a copy made earlier: all else never changes
 */
export function encodeSegment(segment: Segment, windowSize: Uint32Array): Uint8Array {
  const { windows, highs, lows, offsets, postings, bitmapWords, bitmaps } = segment.data;
  const { documents, documentLines, firstWindow, windowStart } = windows;
  const arrays = [
    documents,
    documentLines,
    firstWindow,
    windowStart,
    windowSize,
    highs,
    lows,
    offsets,
    bitmapWords,
    bitmaps,
    postings,
  ];
  const bytes = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, HEADER_BYTES));
  const counts = [
    VERSION,
    documents.length,
    windowSize.length,
    highs.length,
    postings.length,
    bitmapWords.length,
  ];
  new Uint32Array(bytes.buffer, 0, counts.length).set(counts);
  let at = HEADER_BYTES;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return bytes;
}

/**
 * The segment of {@link encodeSegment}. Its arrays are views of the bytes, which are the segment's from now on.
 *
 * @param bytes a buffer of their own
 * @throws AppError data_loss when the bytes are not those of a segment
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  if (bytes.byteOffset % 8 !== 0) return decodeSegment(bytes.slice());
  if (bytes.length < HEADER_BYTES) throw corruptSnapshot('a segment is cut short');
  const header = new Uint32Array(bytes.buffer, bytes.byteOffset, HEADER.length);
  const [version, documents, windows, words, postings, bitmapWords] = header as unknown as number[];
  if (version !== VERSION) throw corruptSnapshot(`unknown version ${version}`);
  let at = HEADER_BYTES;
  const take = <T>(type: {
    new (buffer: ArrayBuffer, at: number, length: number): T;
    BYTES_PER_ELEMENT: number;
  }) => {
    return (length: number): T => {
      const from = at;
      at += length * type.BYTES_PER_ELEMENT;
      if (at > bytes.length) throw corruptSnapshot('a segment is cut short');
      return new type(bytes.buffer as ArrayBuffer, bytes.byteOffset + from, length);
    };
  };
  const doubles = take(Float64Array);
  const counts = take(Uint32Array);
  const hashes = take(Int32Array);
  const table = {
    documents: doubles(documents!),
    documentLines: counts(documents!),
    firstWindow: counts(documents! + 1),
    windowStart: counts(windows!),
    windowSize: counts(windows!),
  };
  const segment = new Segment({
    windows: table,
    smallestOfFour: smallestOfFourOf(table.windowSize),
    highs: hashes(words!),
    lows: hashes(words!),
    offsets: counts(words! + 1),
    bitmapWords: counts(bitmapWords!),
    bitmaps: hashes(bitmapWords! * cellsOf(windows!)),
    postings: take(Uint16Array)(postings!),
  });
  if (at !== bytes.length) throw corruptSnapshot('a segment has bytes left over');
  return segment;
}
