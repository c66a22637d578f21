import { assertTopK, BestHits, type SearchOptions, type WindowHit } from './best-hits.js';
import { HitCollector } from './hit-collector.js';
import { roundUpToFour } from './scan-windows.js';
import type { SumBuffer } from './search-sums.js';
import type { Counters, Segment } from './segment.js';
import type { WindowBuffer } from './window-buffer.js';
import type { WordSet } from './word-set.js';
import { WindowScore, type WordWeights } from './word-weights.js';

/** What an index holds at the time. */
export interface Searched {
  readonly buffer: WindowBuffer;
  readonly segments: readonly Segment[];
}

/** Searches buffer and segments, and keeps the memory for it from one search to the next. */
export class WindowSearcher {
  private counters: Counters | undefined;
  private sums: SumBuffer = { sums: new Uint16Array(0), touched: new Uint16Array(0) };

  constructor(private readonly windowLines: number) {}

  get memoryBytes(): number {
    const { sums, touched } = this.sums;
    return (this.counters?.byteLength ?? 0) + sums.byteLength + touched.byteLength;
  }

  /** @throws AppError invalid_argument when `topK` is no whole number of 0 or more. */
  search({ buffer, segments }: Searched, query: WordSet, options: SearchOptions): WindowHit[] {
    assertTopK(options);
    const collector = new HitCollector(options);
    if (options.topK === 0 || query.size === 0) return [];
    buffer.search(query, this.windowLines, collector);
    if (segments.length > 0) {
      // Taken out while in use, so that a callback may itself search.
      const counters = this.takeCounters(segments, query.size);
      for (const segment of bySize(segments)) segment.search(query, this.windowLines, counters, collector);
      this.counters = counters;
    }
    return collector.hits();
  }

  /** @throws AppError invalid_argument when `topK` is no whole number of 0 or more. */
  searchWeighted({ buffer, segments }: Searched, query: WordWeights, options: SearchOptions): WindowHit[] {
    assertTopK(options);
    const best = new BestHits(options);
    if (options.topK === 0 || query.total === 0) return [];
    const score = new WindowScore(query);
    buffer.searchWeighted(query, score, this.windowLines, best);
    if (segments.length > 0) {
      const sums = this.takeSums(segments);
      for (const segment of bySize(segments)) {
        segment.searchWeighted(query, score, this.windowLines, sums, best);
      }
      this.sums = sums;
    }
    return best.hits();
  }

  /** Sums for the largest segment; taken out while in use, so that a callback may itself search. */
  private takeSums(segments: readonly Segment[]): SumBuffer {
    const length = longest(segments);
    const { sums } = this;
    this.sums = { sums: new Uint16Array(0), touched: new Uint16Array(0) };
    if (sums.sums.length >= length) return sums;
    return { sums: new Uint16Array(length), touched: new Uint16Array(length) };
  }

  /** Counters wide enough for the query's words and long enough for the largest segment. */
  private takeCounters(segments: readonly Segment[], querySize: number): Counters {
    const length = longest(segments);
    const width = querySize < 2 ** 8 ? 1 : querySize < 2 ** 16 ? 2 : 4;
    const kept = this.counters;
    this.counters = undefined;
    if (kept?.BYTES_PER_ELEMENT === width && kept.length >= length) return kept;
    return width === 1
      ? new Uint8Array(length)
      : width === 2
        ? new Uint16Array(length)
        : new Uint32Array(length);
  }
}

/** Small ones first: what they give spares the large ones most of the looking. */
function bySize(segments: readonly Segment[]): Segment[] {
  return [...segments].sort((a, b) => a.windowCount - b.windowCount);
}

function longest(segments: readonly Segment[]): number {
  return roundUpToFour(Math.max(...segments.map(({ windowCount }) => windowCount)));
}
