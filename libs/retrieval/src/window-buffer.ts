import type { DecodedWindows } from './decode-windows.js';
import { GrowableInts } from './growable-ints.js';
import type { BestHits } from './best-hits.js';
import type { HitCollector } from './hit-collector.js';
import type { Segment } from './segment.js';
import { dropUnusedWords, SegmentBuilder } from './segment-builder.js';
import { sortWords } from './sort-words.js';
import { createWindowTable, type Removed } from './window-table.js';
import type { WordSet } from './word-set.js';
import type { WindowScore, WordWeights } from './word-weights.js';
import { WordTable } from './word-table.js';

interface BufferedDocument {
  readonly id: number;
  readonly lines: number;
  readonly firstWindow: number;
  readonly endWindow: number;
}

/** The windows added last, searched one by one until there are enough of them for a segment. */
export class WindowBuffer {
  /** In order of arrival. */
  private documents: BufferedDocument[] = [];
  private readonly table = new WordTable();
  private readonly starts = new GrowableInts();
  private readonly offsets = new GrowableInts();
  private readonly words = new GrowableInts();
  private liveCount = 0;

  constructor() {
    this.offsets.push(0);
  }

  /** Windows held, those of removed documents included. */
  get windowCount(): number {
    return this.starts.length;
  }

  get liveWindows(): number {
    return this.liveCount;
  }

  get memoryBytes(): number {
    const { table, starts, offsets, words } = this;
    return table.memoryBytes + starts.memoryBytes + offsets.memoryBytes + words.memoryBytes;
  }

  has(id: number): boolean {
    return this.documents.some((document) => document.id === id);
  }

  /** Adds windows `from` to `to` (exclusive) of a document. */
  add(id: number, decoded: DecodedWindows, from: number, to: number): void {
    const numbers = new Int32Array(decoded.highs.length).fill(-1);
    const firstWindow = this.windowCount;
    for (let window = from; window < to; window++) {
      for (let i = decoded.offsets[window]!; i < decoded.offsets[window + 1]!; i++) {
        const word = decoded.words[i]!;
        if (numbers[word] === -1)
          numbers[word] = this.table.intern(decoded.highs[word]!, decoded.lows[word]!);
        this.words.push(numbers[word]!);
      }
      this.starts.push(decoded.starts[window]!);
      this.offsets.push(this.words.length);
    }
    this.documents.push({ id, lines: decoded.lines, firstWindow, endWindow: this.windowCount });
    this.liveCount += to - from;
  }

  remove(id: number): Removed | undefined {
    let windows = 0;
    let postings = 0;
    let lines = 0;
    const offsets = this.offsets.values();
    for (const document of this.documents) {
      if (document.id !== id) continue;
      windows += document.endWindow - document.firstWindow;
      postings += offsets[document.endWindow]! - offsets[document.firstWindow]!;
      lines = document.lines;
    }
    if (windows === 0) return undefined;
    this.documents = this.documents.filter((document) => document.id !== id);
    this.liveCount -= windows;
    return { windows, postings, lines };
  }

  search(query: WordSet, windowLines: number, collector: HitCollector): void {
    const isQueried = new Uint8Array(this.table.size);
    let matched = 0;
    for (let i = 0; i < query.size; i++) {
      const word = this.table.find(query.highs[i]!, query.lows[i]!);
      if (word < 0) continue;
      isQueried[word] = 1;
      matched++;
    }
    const offsets = this.offsets.values();
    const words = this.words.values();
    const starts = this.starts.values();
    for (const { id, lines, firstWindow, endWindow } of this.documents) {
      for (let window = firstWindow; window < endWindow; window++) {
        const from = offsets[window]!;
        const to = offsets[window + 1]!;
        const total = query.size + to - from;
        if (!collector.isPossible(Math.min(matched, to - from), total)) continue;
        let shared = 0;
        for (let i = from; i < to; i++) shared += isQueried[words[i]!]!;
        const start = starts[window]!;
        collector.offer(id, start, Math.min(start + windowLines, lines), shared, total);
      }
    }
  }

  searchWeighted(
    { words: query, weights }: WordWeights,
    score: WindowScore,
    windowLines: number,
    best: BestHits,
  ): void {
    const weightOf = new Uint16Array(this.table.size);
    for (let i = 0; i < query.size; i++) {
      const word = this.table.find(query.highs[i]!, query.lows[i]!);
      if (word >= 0) weightOf[word] = weights[i]!;
    }
    const offsets = this.offsets.values();
    const words = this.words.values();
    const starts = this.starts.values();
    for (const { id, lines, firstWindow, endWindow } of this.documents) {
      for (let window = firstWindow; window < endWindow; window++) {
        const from = offsets[window]!;
        const to = offsets[window + 1]!;
        let sum = 0;
        for (let i = from; i < to; i++) sum += weightOf[words[i]!]!;
        if (sum === 0) continue;
        const startLine = starts[window]!;
        const endLine = Math.min(startLine + windowLines, lines);
        best.insert({ document: id, startLine, endLine, score: score.of(sum, to - from) });
      }
    }
  }

  /** Adds to `counts`, for each word of the query in its order, the number of windows that have it. */
  addFrequencies(query: WordSet, counts: Uint32Array): void {
    const rankOf = new Int32Array(this.table.size).fill(-1);
    for (let i = 0; i < query.size; i++) {
      const word = this.table.find(query.highs[i]!, query.lows[i]!);
      if (word >= 0) rankOf[word] = i;
    }
    const offsets = this.offsets.values();
    const words = this.words.values();
    for (const { firstWindow, endWindow } of this.documents) {
      for (let i = offsets[firstWindow]!; i < offsets[endWindow]!; i++) {
        const rank = rankOf[words[i]!]!;
        if (rank >= 0) counts[rank]!++;
      }
    }
  }

  /** The same windows as a segment; at least one must be live. */
  toSegment(): Segment {
    const documents = [...this.documents].sort((a, b) => a.id - b.id || a.firstWindow - b.firstWindow);
    const windows = createWindowTable(documents.length, this.liveCount);
    const { highHashes, lowHashes } = this.table;
    const order = sortWords(highHashes, lowHashes);
    /** Place of each word in the order of hashes. */
    const ranks = new Uint32Array(order.length);
    const highs = new Int32Array(order.length);
    const lows = new Int32Array(order.length);
    for (let rank = 0; rank < order.length; rank++) {
      const word = order[rank]!;
      ranks[word] = rank;
      highs[rank] = highHashes[word]!;
      lows[rank] = lowHashes[word]!;
    }
    const starts = this.starts.values();
    const offsets = this.offsets.values();
    const words = this.words.values();
    const frequencies = new Uint32Array(order.length);

    let target = 0;
    documents.forEach((document, at) => {
      windows.documents[at] = document.id;
      windows.documentLines[at] = document.lines;
      for (let window = document.firstWindow; window < document.endWindow; window++) {
        windows.windowStart[target] = starts[window]!;
        windows.windowSize[target++] = offsets[window + 1]! - offsets[window]!;
      }
      windows.firstWindow[at + 1] = target;
      for (let i = offsets[document.firstWindow]!; i < offsets[document.endWindow]!; i++) {
        frequencies[ranks[words[i]!]!]!++;
      }
    });

    const { used, renumber } = dropUnusedWords({ highs, lows, frequencies });
    const builder = new SegmentBuilder(windows, used);
    target = 0;
    for (const document of documents) {
      for (let window = document.firstWindow; window < document.endWindow; window++, target++) {
        for (let i = offsets[window]!; i < offsets[window + 1]!; i++) {
          builder.put(renumber[ranks[words[i]!]!]!, target);
        }
      }
    }
    return builder.build();
  }
}
