import { cellsOf } from './bit-columns.js';
import type { Segment } from './segment.js';
import { dropUnusedWords, SegmentBuilder, type Dictionary } from './segment-builder.js';
import { compareHashes } from './sort-words.js';
import { createWindowTable, type WindowTable } from './window-table.js';

/** Words handled between two pauses. */
const STEP_WORDS = 512;
/** A multiple of 32, so that a step is whole cells of bits. */
const STEP_WINDOWS = 2048;
const GONE = -1;

interface Source {
  readonly segment: Segment;
  /** New number of each window; GONE where its document was removed. */
  readonly windows: Int32Array;
  /** New number of each word. */
  readonly words: Uint32Array;
}

/**
 * Merges segments into one without the documents that were removed before the start. A generator, so that the
 * work can be spread: it pauses after small steps, each time saying how much it did in units of about one
 * posting read. Documents removed meanwhile must be removed from the result by the caller.
 */
export function* mergeSegments(segments: readonly Segment[]): Generator<number, Segment, void> {
  // In order of documents, most postings come in the order that they are to have.
  const inOrder = [...segments].sort((a, b) => a.data.windows.documents[0]! - b.data.windows.documents[0]!);
  const sources = inOrder.map((segment) => ({
    segment,
    windows: new Int32Array(segment.windowCount).fill(GONE),
    words: new Uint32Array(segment.data.highs.length),
  }));
  const windows = mergeWindows(sources);
  yield windows.windowSize.length;

  const dictionary = yield* mergeDictionaries(sources);
  const { frequencies } = dictionary;
  yield* bySteps(
    sources,
    (source, from, to) => countPostings(source, from, to, frequencies),
    (source, from, to) => countBits(source, from, to, frequencies),
  );

  const { used, renumber } = dropUnusedWords(dictionary);
  yield frequencies.length;
  for (const { words } of sources) for (let i = 0; i < words.length; i++) words[i] = renumber[words[i]!]!;
  yield frequencies.length;

  const builder = new SegmentBuilder(windows, used);
  yield used.highs.length;
  yield* bySteps(
    sources,
    (source, from, to) => putPostings(source, from, to, builder),
    (source, from, to) => putBits(source, from, to, builder),
  );
  for (let from = 0; from < used.highs.length; from += STEP_WORDS) {
    yield builder.sortPostings(from, Math.min(from + STEP_WORDS, used.highs.length));
  }
  return builder.build();
}

/** Puts the live documents of all sources in order of id and numbers their windows anew. */
function mergeWindows(sources: readonly Source[]): WindowTable {
  let documents = 0;
  let windows = 0;
  for (const { segment } of sources) {
    const { firstWindow, windowSize } = segment.data.windows;
    for (let at = 0; at + 1 < firstWindow.length; at++) if (windowSize[firstWindow[at]!] !== 0) documents++;
    windows += segment.liveWindows;
  }
  const merged = createWindowTable(documents, windows);
  const positions = sources.map(() => 0);
  let target = 0;
  for (let at = 0; at < documents;) {
    let next = -1;
    let id = Infinity;
    sources.forEach(({ segment }, source) => {
      const candidate = segment.data.windows.documents[positions[source]!];
      if (candidate === undefined || candidate >= id) return;
      next = source;
      id = candidate;
    });
    const { segment, windows: numbers } = sources[next]!;
    const { documentLines, firstWindow, windowStart, windowSize } = segment.data.windows;
    const position = positions[next]!++;
    if (windowSize[firstWindow[position]!] === 0) continue;
    merged.documents[at] = id;
    merged.documentLines[at] = documentLines[position]!;
    for (let window = firstWindow[position]!; window < firstWindow[position + 1]!; window++) {
      merged.windowStart[target] = windowStart[window]!;
      merged.windowSize[target] = windowSize[window]!;
      numbers[window] = target++;
    }
    merged.firstWindow[++at] = target;
  }
  return merged;
}

/** The union of the sources' words, with frequencies of 0; fills in the sources' new word numbers. */
function* mergeDictionaries(sources: readonly Source[]): Generator<number, Dictionary, void> {
  const limit = sources.reduce((sum, { words }) => sum + words.length, 0);
  const highs = new Int32Array(limit);
  const lows = new Int32Array(limit);
  const positions = new Uint32Array(sources.length);
  let count = 0;
  for (;;) {
    const before = count;
    count = mergeSomeWords(sources, positions, highs, lows, count);
    if (count === before) break;
    yield (count - before) * sources.length;
  }
  return {
    highs: highs.subarray(0, count),
    lows: lows.subarray(0, count),
    frequencies: new Uint32Array(count),
  };
}

function mergeSomeWords(
  sources: readonly Source[],
  positions: Uint32Array,
  highs: Int32Array,
  lows: Int32Array,
  from: number,
): number {
  let count = from;
  while (count < from + STEP_WORDS) {
    let found = false;
    let high = 0;
    let low = 0;
    for (let s = 0; s < sources.length; s++) {
      const { data } = sources[s]!.segment;
      const position = positions[s]!;
      if (position === data.highs.length) continue;
      if (found && compareHashes(data.highs[position]!, data.lows[position]!, high, low) >= 0) continue;
      found = true;
      high = data.highs[position]!;
      low = data.lows[position]!;
    }
    if (!found) break;
    for (let s = 0; s < sources.length; s++) {
      const { segment, words } = sources[s]!;
      const position = positions[s]!;
      if (segment.data.highs[position] !== high || segment.data.lows[position] !== low) continue;
      words[position] = count;
      positions[s] = position + 1;
    }
    highs[count] = high;
    lows[count++] = low;
  }
  return count;
}

/** Does `visit` for every source, by steps over its words and then over its windows. */
function* bySteps(
  sources: readonly Source[],
  visitWords: (source: Source, from: number, to: number) => number,
  visitWindows: (source: Source, from: number, to: number) => number,
): Generator<number, void, void> {
  for (const source of sources) {
    for (let from = 0; from < source.words.length; from += STEP_WORDS) {
      yield visitWords(source, from, Math.min(from + STEP_WORDS, source.words.length));
    }
    for (let from = 0; from < source.windows.length; from += STEP_WINDOWS) {
      yield visitWindows(source, from, Math.min(from + STEP_WINDOWS, source.windows.length));
    }
  }
}

// The four functions below are the inner loops of merging. They differ in little, but a shared loop that calls
// back for each posting takes twice the time.

/** Adds the number of kept windows that have each word, for words kept as postings. */
function countPostings(source: Source, from: number, to: number, frequencies: Uint32Array): number {
  const { segment, windows, words } = source;
  const { offsets, postings } = segment.data;
  if (segment.liveWindows === segment.windowCount) {
    for (let word = from; word < to; word++)
      frequencies[words[word]!]! += offsets[word + 1]! - offsets[word]!;
    return to - from;
  }
  for (let word = from; word < to; word++) {
    let count = 0;
    for (let i = offsets[word]!; i < offsets[word + 1]!; i++) if (windows[postings[i]!] !== GONE) count++;
    frequencies[words[word]!]! += count;
  }
  return to - from + offsets[to]! - offsets[from]!;
}

/** The same for words kept as bitmaps. */
function countBits(source: Source, from: number, to: number, frequencies: Uint32Array): number {
  const { segment, windows, words } = source;
  const { bitmaps, bitmapWords } = segment.data;
  const cells = cellsOf(segment.windowCount);
  let visited = to - from;
  for (let bit = 0; bit < bitmapWords.length; bit++) {
    let count = 0;
    for (let cell = from >>> 5; cell < cellsOf(to); cell++) {
      for (let bits = bitmaps[bit * cells + cell]!; bits !== 0; bits &= bits - 1) {
        if (windows[(cell << 5) + 31 - Math.clz32(bits & -bits)] !== GONE) count++;
      }
    }
    frequencies[words[bitmapWords[bit]!]!]! += count;
    visited += count;
  }
  return visited;
}

function putPostings(source: Source, from: number, to: number, builder: SegmentBuilder): number {
  const { segment, windows, words } = source;
  const { offsets, postings } = segment.data;
  for (let word = from; word < to; word++) {
    const target = words[word]!;
    for (let i = offsets[word]!; i < offsets[word + 1]!; i++) {
      const window = windows[postings[i]!]!;
      if (window !== GONE) builder.put(target, window);
    }
  }
  return to - from + offsets[to]! - offsets[from]!;
}

function putBits(source: Source, from: number, to: number, builder: SegmentBuilder): number {
  const { segment, windows, words } = source;
  const { bitmaps, bitmapWords } = segment.data;
  const cells = cellsOf(segment.windowCount);
  let visited = to - from;
  for (let bit = 0; bit < bitmapWords.length; bit++) {
    const target = words[bitmapWords[bit]!]!;
    for (let cell = from >>> 5; cell < cellsOf(to); cell++) {
      for (let bits = bitmaps[bit * cells + cell]!; bits !== 0; bits &= bits - 1) {
        const window = windows[(cell << 5) + 31 - Math.clz32(bits & -bits)]!;
        if (window === GONE) continue;
        builder.put(target, window);
        visited++;
      }
    }
  }
  return visited;
}
