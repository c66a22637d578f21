import { assertTopK, BestHits, type SearchOptions, type WindowHit } from './best-hits.js';
import { CodeBlocks } from './code-blocks.js';
import type { CursorText } from './cursor-text.js';
import { HitCollector } from './hit-collector.js';
import { splitLines } from './lines.js';
import type { ScannedLines } from './scanned-lines.js';
import type { LineRange } from './unseen-text.js';
import { windowCountOf, type WindowOptions } from './window-options.js';
import type { WordSet } from './word-set.js';
import type { WordTable } from './word-table.js';
import { WindowScore, type WordWeights } from './word-weights.js';

/** The document of all hits in a text by itself. */
const DOCUMENT = 0;

/**
 * A text of which some lines are left empty, as one more document to search: by walking once over its words, since
 * an index of what changes with every key would cost more to keep than it saves.
 */
export class UnseenLines {
  /** Lines as an index numbers them: an empty last one does not count. */
  readonly lines: number;
  /** In UTF-16 code units. */
  readonly length: number;
  readonly sizeBytes: number;
  /** Hidden lines, cut to the text. */
  private readonly from: number;
  private readonly to: number;

  constructor(
    private readonly source: CursorText,
    private readonly scanned: ScannedLines,
    private readonly table: WordTable,
    hidden: LineRange,
  ) {
    const { count, starts, byteStarts } = scanned;
    this.from = Math.min(count, hidden.from);
    this.to = Math.max(this.from, Math.min(count, hidden.to));
    const { from, to } = this;
    // Their line ends stay.
    this.length = source.length - (starts[to]! - starts[from]! - (to - from));
    this.sizeBytes = byteStarts[count]! - 1 - (byteStarts[to]! - byteStarts[from]! - (to - from));
    const isLastEmpty = this.isHidden(count - 1) || starts[count]! - starts[count - 1]! === 1;
    this.lines = isLastEmpty ? count - 1 : count;
  }

  /** The whole text with the lines that are left empty. */
  get text(): string {
    return this.head(Infinity);
  }

  /** The first code units of {@link text}. */
  head(length: number): string {
    const { source, from, to } = this;
    const { starts, count } = this.scanned;
    const above = source.slice(0, Math.min(length, from === count ? source.length : starts[from]!));
    if (from === to) return above + source.slice(above.length, Math.min(length, source.length));
    const lineEnds = '\n'.repeat(to === count ? to - from - 1 : to - from);
    const below = to === count ? source.length : starts[to]!;
    const left = length - above.length - lineEnds.length;
    return (above + lineEnds + source.slice(below, below + Math.max(0, left))).slice(0, length);
  }

  /** Bytes of the longest line. */
  get longestLineBytes(): number {
    const { byteStarts, count } = this.scanned;
    let longest = 1;
    for (let line = 0; line < count; line++) {
      if (!this.isHidden(line)) longest = Math.max(longest, byteStarts[line + 1]! - byteStarts[line]!);
    }
    return longest - 1;
  }

  /** The marked lines, joined by `\n`. */
  get markedText(): string {
    const { starts, marked } = this.scanned;
    const lines: string[] = [];
    for (let line = marked.indexOf(1); line >= 0; line = marked.indexOf(1, line + 1)) {
      if (!this.isHidden(line)) lines.push(this.source.slice(starts[line]!, starts[line + 1]! - 1));
    }
    return lines.join('\n');
  }

  /** As `sliceLines` of the text. */
  slice(startLine: number, endLine: number): string {
    const { starts } = this.scanned;
    const end = Math.min(endLine, this.lines);
    const lines: string[] = [];
    for (let line = startLine; line < end; line++) {
      lines.push(
        this.isHidden(line) ? '' : withoutReturn(this.source.slice(starts[line]!, starts[line + 1]! - 1)),
      );
    }
    return lines.join('\n');
  }

  /** Its blocks of at most `maxLines`. */
  blocks(maxLines: number): CodeBlocks {
    return new CodeBlocks((startLine, endLine) => this.slice(startLine, endLine), this.lines, maxLines);
  }

  /** As `WindowIndex.search` of an index with this text alone, as document 0. */
  search(query: WordSet, options: SearchOptions, windows: WindowOptions): WindowHit[] {
    assertTopK(options);
    if (options.topK === 0) return [];
    const collector = new HitCollector(options);
    const weights = new Uint16Array(query.size).fill(1);
    this.forEachWindow(query, weights, windows, (start, end, shared, size) =>
      collector.offer(DOCUMENT, start, end, shared, query.size + size),
    );
    return collector.hits();
  }

  /** As `WindowIndex.searchWeighted` of an index with this text alone, as document 0. */
  searchWeighted(query: WordWeights, options: SearchOptions, windows: WindowOptions): WindowHit[] {
    assertTopK(options);
    if (options.topK === 0) return [];
    const best = new BestHits(options);
    const score = new WindowScore(query);
    this.forEachWindow(query.words, query.weights, windows, (startLine, endLine, sum, size) => {
      if (sum === 0) return;
      best.insert({ document: DOCUMENT, startLine, endLine, score: score.of(sum, size) });
    });
    return best.hits();
  }

  /** Visits every window with the sum of the weights of its words and the number of these; each word counts once. */
  private forEachWindow(
    query: WordSet,
    weights: Uint16Array,
    windows: WindowOptions,
    visit: (startLine: number, endLine: number, sum: number, size: number) => void,
  ): void {
    const { words, wordStarts } = this.scanned;
    const weightOf = this.weightsByNumber(query, weights);
    /** How often each word stands in the window. */
    const counts = new Uint32Array(this.table.size);
    let sum = 0;
    let size = 0;
    const count = windowCountOf(this.lines, windows);
    let startLine = 0;
    let endLine = 0;
    for (let window = 0; window < count; window++) {
      const nextStart = window * windows.strideLines;
      const nextEnd = Math.min(nextStart + windows.windowLines, this.lines);
      for (; endLine < nextEnd; endLine++) {
        if (this.isHidden(endLine)) continue;
        for (let i = wordStarts[endLine]!; i < wordStarts[endLine + 1]!; i++) {
          const word = words[i]!;
          if (counts[word]!++ > 0) continue;
          size++;
          sum += weightOf[word]!;
        }
      }
      for (; startLine < nextStart; startLine++) {
        if (this.isHidden(startLine)) continue;
        for (let i = wordStarts[startLine]!; i < wordStarts[startLine + 1]!; i++) {
          const word = words[i]!;
          if (--counts[word]! > 0) continue;
          size--;
          sum -= weightOf[word]!;
        }
      }
      if (size > 0) visit(nextStart, nextEnd, sum, size);
    }
  }

  private weightsByNumber(query: WordSet, weights: Uint16Array): Uint16Array {
    const weightOf = new Uint16Array(this.table.size);
    for (let i = 0; i < query.size; i++) {
      const word = this.table.find(query.highs[i]!, query.lows[i]!);
      if (word >= 0) weightOf[word] = weights[i]!;
    }
    return weightOf;
  }

  private isHidden(line: number): boolean {
    return line >= this.from && line < this.to;
  }
}

function withoutReturn(line: string): string {
  return splitLines(line)[0] ?? '';
}
