/** A window found by a search. Lines are 0-based, the end is exclusive. */
export interface WindowHit {
  readonly document: number;
  readonly startLine: number;
  readonly endLine: number;
  /** Jaccard similarity to the query, in (0, 1]. */
  readonly score: number;
}

export interface SearchOptions {
  /** Most hits to return; 0 or more. */
  readonly topK: number;
  /** Leaves a window out. Called only for windows that would be among the best. */
  readonly isExcluded?: (document: number, startLine: number, endLine: number) => boolean;
  /** Orders documents among windows of equal score; default: by id. */
  readonly compareDocuments?: (a: number, b: number) => number;
}

/**
 * Keeps the best `topK` windows: by score descending, then by document, then by start line.
 *
 * A score is the fraction shared / union. The score to beat is kept as two whole numbers, so that comparing
 * with it is exact and no tie is lost to rounding.
 */
export class HitCollector {
  /** A window with less than `minShared / minUnion` cannot be among the best. 0 / 1 until there are `topK`. */
  minShared = 0;
  minUnion = 1;
  private readonly best: Candidate[] = [];

  constructor(private readonly options: SearchOptions) {}

  /** Whether a window that shares at most `shared` words can still count; `total`: both sets' sizes added. */
  isPossible(shared: number, total: number): boolean {
    return shared > 0 && shared * (this.minShared + this.minUnion) >= this.minShared * total;
  }

  offer(document: number, startLine: number, endLine: number, shared: number, total: number): void {
    if (!this.isPossible(shared, total)) return;
    const { best, options } = this;
    // IEEE division is correctly rounded: equal fractions give equal scores, and different fractions of
    // numbers this small give different ones.
    const union = total - shared;
    const candidate = { document, startLine, endLine, score: shared / union, shared, union };
    const isFull = best.length === options.topK;
    if (isFull && this.compare(candidate, best[best.length - 1]!) >= 0) return;
    if (options.isExcluded?.(document, startLine, endLine)) return;

    let low = 0;
    for (let high = best.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (this.compare(best[middle]!, candidate) < 0) low = middle + 1;
      else high = middle;
    }
    if (isFull) best.pop();
    best.splice(low, 0, candidate);
    if (best.length === options.topK) {
      const last = best[best.length - 1]!;
      this.minShared = last.shared;
      this.minUnion = last.union;
    }
  }

  hits(): WindowHit[] {
    return this.best.map(({ document, startLine, endLine, score }) => ({
      document,
      startLine,
      endLine,
      score,
    }));
  }

  private compare(a: Candidate, b: Candidate): number {
    if (a.score !== b.score) return b.score - a.score;
    const order =
      a.document === b.document
        ? 0
        : (this.options.compareDocuments?.(a.document, b.document) ?? a.document - b.document);
    // Documents that the caller holds equal stand in order of id, so that the result is always the same.
    return order || a.startLine - b.startLine || a.document - b.document;
  }
}

interface Candidate extends WindowHit {
  readonly shared: number;
  readonly union: number;
}
