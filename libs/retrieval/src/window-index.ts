import { invalidArgument } from '@repoformer/domain';
import { decodeWindows, type DecodedWindows } from './decode-windows.js';
import type { SearchOptions, WindowHit } from './best-hits.js';
import { pickMerge, type MergeLimits } from './merge-policy.js';
import { mergeSegments } from './merge-segments.js';
import { decodeSegment, encodeSegment } from './segment-codec.js';
import { MAX_SEGMENT_WINDOWS, type Segment } from './segment.js';
import { corruptSnapshot } from './snapshot-error.js';
import { WindowBuffer } from './window-buffer.js';
import { assertWindowOptions, type WindowOptions } from './window-options.js';
import { WindowSearcher, type Searched } from './window-searcher.js';
import { placeOf, wordSet, type WordSet } from './word-set.js';
import type { WordWeights } from './word-weights.js';

/** Rough size of an entry of a Map. */
const MAP_ENTRY_BYTES = 40;

/** Sizes and pace of the index's own upkeep; results never depend on them. */
export interface IndexTuning extends MergeLimits {
  /** Merging work done for each posting that is added or removed. */
  readonly workPerPosting: number;
}

/** A posting is read some 2.3 times in each of at most five merges, so 24 is twice what keeps pace. */
const DEFAULT_TUNING: IndexTuning = {
  bufferWindows: 1024,
  maxSegmentWindows: MAX_SEGMENT_WINDOWS,
  workPerPosting: 24,
};

/** Words and in how many windows each of them occurs. */
export interface CountedWords {
  readonly words: WordSet;
  readonly counts: Uint32Array;
}

interface Merge {
  readonly sources: readonly Segment[];
  readonly steps: Generator<number, Segment, void>;
  /** Documents removed from the sources since it began. */
  readonly removed: Set<number>;
}

/**
 * Finds the windows that are most like a query, by the Jaccard similarity of word sets or by weighted words:
 * exactly, over everything that was added, at once after each `add` and `remove`.
 *
 * Windows are gathered in a small buffer, which becomes an immutable segment when it is full; segments of
 * similar size are merged into larger ones. Merging is spread over the calls of `add` and `remove`, in
 * proportion to what these change, so no call takes long: the worst is turning the buffer of 1024 windows into
 * a segment (some milliseconds), besides the cost of the document itself.
 */
export class WindowIndex {
  private buffer = new WindowBuffer();
  private segments: Segment[] = [];
  private merge: Merge | undefined;
  /** Whether segments have changed since the last look for something to merge. */
  private isMergeSought = false;
  /** Lines of the documents that have no words; they are nowhere else. */
  private readonly blankDocuments = new Map<number, number>();
  private windows = 0;
  private lines = 0;
  /** Words of all windows, each window's counted. */
  private postings = 0;
  private readonly searcher: WindowSearcher;

  /**
   * @param options must be those that the windows were encoded with
   * @param tuning sizes at most 65,536 windows; only tests have a reason to change it
   * @throws AppError invalid_argument when the options are out of range.
   */
  constructor(
    private readonly options: WindowOptions,
    private readonly tuning: IndexTuning = DEFAULT_TUNING,
  ) {
    assertWindowOptions(options);
    this.searcher = new WindowSearcher(options.windowLines);
  }

  /** Windows that can be found. */
  get windowCount(): number {
    return this.windows;
  }

  /** Distinct words of the average window; 0 when there is none. */
  get averageWindowSize(): number {
    return this.windows === 0 ? 0 : this.postings / this.windows;
  }

  /** Lines of all documents. */
  get lineCount(): number {
    return this.lines;
  }

  /** Segments that a search has to visit. */
  get segmentCount(): number {
    return this.segments.length;
  }

  /** Memory held, a merge in progress left out (it takes up to as much again as the segments it merges). */
  get memoryBytes(): number {
    return Object.values(this.memoryByPart).reduce((sum, bytes) => sum + bytes, 0);
  }

  /** What {@link memoryBytes} is for. */
  get memoryByPart(): Readonly<
    Record<'postings' | 'bits' | 'words' | 'windows' | 'buffer' | 'counters', number>
  > {
    const parts = {
      postings: 0,
      bits: 0,
      words: 0,
      windows: this.blankDocuments.size * MAP_ENTRY_BYTES,
      buffer: this.buffer.memoryBytes,
      counters: this.searcher.memoryBytes,
    };
    for (const { memoryByPart } of this.segments) {
      parts.postings += memoryByPart.postings;
      parts.bits += memoryByPart.bits;
      parts.words += memoryByPart.words;
      parts.windows += memoryByPart.windows;
    }
    return parts;
  }

  has(document: number): boolean {
    return (
      this.blankDocuments.has(document) ||
      this.buffer.has(document) ||
      this.segments.some((segment) => segment.has(document))
    );
  }

  /**
   * Adds a document, in place of the one with the same id if there is one. When it throws, nothing is changed.
   *
   * @param document a whole number from 0 to 2^53 - 1
   * @param data from {@link encodeWindows} with this index's options
   * @throws AppError data_loss when the data is damaged or of other options; invalid_argument for a bad id.
   */
  add(document: number, data: Uint8Array): void {
    if (!Number.isSafeInteger(document) || document < 0) {
      throw invalidArgument('document', 'must be a whole number from 0 to 2^53 - 1');
    }
    const decoded = decodeWindows(data, this.options);
    this.remove(document);
    this.lines += decoded.lines;
    this.windows += decoded.starts.length;
    this.postings += decoded.words.length;
    if (decoded.starts.length === 0) this.blankDocuments.set(document, decoded.lines);
    else this.fillBuffer(document, decoded);
    this.advance(decoded.words.length * this.tuning.workPerPosting);
  }

  /** Takes a document out at once; does nothing when there is none with this id. */
  remove(document: number): void {
    const blankLines = this.blankDocuments.get(document);
    if (blankLines !== undefined) {
      this.blankDocuments.delete(document);
      this.lines -= blankLines;
      return;
    }
    let lines = 0;
    let postings = 0;
    const buffered = this.buffer.remove(document);
    if (buffered !== undefined) {
      this.windows -= buffered.windows;
      this.postings -= buffered.postings;
      lines = buffered.lines;
      if (this.buffer.liveWindows === 0) this.buffer = new WindowBuffer();
    }
    for (const segment of this.segments) {
      const removed = segment.remove(document);
      if (removed === undefined) continue;
      this.windows -= removed.windows;
      lines = removed.lines;
      postings += removed.postings;
      this.postings -= removed.postings;
      if (this.merge?.sources.includes(segment)) this.merge.removed.add(document);
    }
    this.lines -= lines;
    if (postings === 0) return;
    this.segments = this.segments.filter(({ liveWindows }) => liveWindows > 0);
    if (this.merge?.sources.every(({ liveWindows }) => liveWindows === 0)) this.merge = undefined;
    this.isMergeSought = true;
    this.advance(postings * this.tuning.workPerPosting);
  }

  /**
   * The best windows for a query: by score descending, then by `compareDocuments` (default: document id), then
   * by start line. Windows that share no word with the query are never returned.
   *
   * @throws AppError invalid_argument when `topK` is no whole number of 0 or more.
   */
  search(query: WordSet, options: SearchOptions): WindowHit[] {
    return this.searcher.search(this.searched(), query, options);
  }

  /**
   * The best windows for weighted words: by `WindowScore` descending, and as in {@link search} otherwise.
   * Windows that have no word of any weight are never returned.
   *
   * @throws AppError invalid_argument when `topK` is no whole number of 0 or more.
   */
  searchWeighted(query: WordWeights, options: SearchOptions): WindowHit[] {
    return this.searcher.searchWeighted(this.searched(), query, options);
  }

  /** In how many windows each word occurs, in the order of the words. */
  frequenciesOf(words: WordSet): Uint32Array {
    const counts = new Uint32Array(words.size);
    this.buffer.addFrequencies(words, counts);
    for (const segment of this.segments) segment.addFrequencies(words, counts);
    return counts;
  }

  /**
   * In how many windows each of the words occurs.
   *
   * @param words must be single words as {@link wordSet} finds them; others have frequency 0
   * @param counted what {@link frequenciesOf} has said of these already
   */
  frequencies(words: Iterable<string>, counted?: CountedWords): Map<string, number> {
    const distinct = [...new Set(words)];
    const set = counted?.words ?? wordSet(distinct.join(' '));
    const counts = counted?.counts ?? this.frequenciesOf(set);
    const places = new Map(distinct.map((word) => [word, placeOf(set, word)] as const));
    const lacking = distinct.filter((word) => places.get(word) === undefined);
    const others = counted && lacking.length > 0 ? this.frequencies(lacking) : undefined;
    return new Map(
      distinct.map((word) => {
        const place = places.get(word);
        return [word, place === undefined ? (others?.get(word) ?? 0) : counts[place]!];
      }),
    );
  }

  /**
   * All that can be found, as sections of bytes to give to {@link restore}. What they say is fixed now; encoding is
   * done as they are asked for, some milliseconds each.
   */
  snapshot(): Iterable<Uint8Array> {
    const head = this.encodeHead();
    const segments =
      this.buffer.liveWindows > 0 ? [...this.segments, this.buffer.toSegment()] : this.segments;
    // Nothing else of a segment ever changes.
    const parts = segments.map((segment) => ({
      segment,
      windowSize: segment.data.windows.windowSize.slice(),
    }));
    return (function* () {
      yield head;
      for (const { segment, windowSize } of parts) yield encodeSegment(segment, windowSize);
    })();
  }

  /**
   * The index that a snapshot was taken of.
   *
   * @param sections all of a snapshot, in order, unchanged: that is for the caller to make sure. They are the index's
   * from now on.
   * @throws AppError data_loss when they are no snapshot of an index with these options
   */
  static restore(
    options: WindowOptions,
    sections: readonly Uint8Array[],
    tuning: IndexTuning = DEFAULT_TUNING,
  ): WindowIndex {
    const index = new WindowIndex(options, tuning);
    const [head, ...segments] = sections;
    if (head === undefined) throw corruptSnapshot('it is empty');
    index.decodeHead(head);
    index.segments = segments.map(decodeSegment).filter(({ liveWindows }) => liveWindows > 0);
    for (const { liveWindows, data } of index.segments) {
      index.windows += liveWindows;
      for (const size of data.windows.windowSize) index.postings += size;
    }
    index.isMergeSought = true;
    return index;
  }

  /**
   * Does merging that is due ahead of its time, for when nothing else is to be done. Never needed: `add` and
   * `remove` keep pace by themselves.
   *
   * @param budget about the number of postings to read; a million takes some ten milliseconds
   * @returns whether there is more to do
   */
  compact(budget = Infinity): boolean {
    return this.advance(budget);
  }

  /** Options, number of lines, and the documents without words. */
  private encodeHead(): Uint8Array {
    const { windowLines, strideLines } = this.options;
    const numbers = [windowLines, strideLines, this.lines, ...[...this.blankDocuments].flat()];
    return new Uint8Array(Float64Array.from(numbers).buffer);
  }

  private decodeHead(head: Uint8Array): void {
    const numbers = head.length % 8 === 0 ? new Float64Array(head.slice().buffer) : new Float64Array(0);
    const [windowLines, strideLines, lines = 0, ...blank] = numbers;
    if (windowLines !== this.options.windowLines || strideLines !== this.options.strideLines) {
      throw corruptSnapshot('it is of other windows');
    }
    this.lines = lines;
    for (let i = 0; i + 1 < blank.length; i += 2) this.blankDocuments.set(blank[i]!, blank[i + 1]!);
  }

  private fillBuffer(document: number, decoded: DecodedWindows): void {
    const { bufferWindows } = this.tuning;
    const total = decoded.starts.length;
    for (let from = 0; from < total;) {
      const to = Math.min(total, from + Math.max(1, bufferWindows - this.buffer.windowCount));
      this.buffer.add(document, decoded, from, to);
      from = to;
      if (this.buffer.windowCount >= bufferWindows) this.flush();
    }
  }

  private flush(): void {
    this.segments.push(this.buffer.toSegment());
    this.buffer = new WindowBuffer();
    this.isMergeSought = true;
  }

  /** Works on merges until the budget is spent; returns whether there is more to do. */
  private advance(budget: number): boolean {
    let left = budget;
    for (;;) {
      this.merge ??= this.startMerge();
      if (this.merge === undefined) return false;
      if (left <= 0) return true;
      const step = this.merge.steps.next();
      if (step.done) this.finish(this.merge, step.value);
      else left -= step.value;
    }
  }

  private startMerge(): Merge | undefined {
    if (!this.isMergeSought) return undefined;
    const sources = pickMerge(this.segments, this.tuning);
    if (sources === undefined) {
      this.isMergeSought = false;
      return undefined;
    }
    return { sources, steps: mergeSegments(sources), removed: new Set() };
  }

  private finish({ sources, removed }: Merge, result: Segment): void {
    for (const document of removed) result.remove(document);
    this.segments = this.segments.filter((segment) => !sources.includes(segment));
    if (result.liveWindows > 0) this.segments.push(result);
    this.merge = undefined;
    this.isMergeSought = true;
  }

  private searched(): Searched {
    return { buffer: this.buffer, segments: this.segments };
  }
}
