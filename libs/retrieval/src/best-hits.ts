import { invalidArgument } from '@repoformer/domain';

/** A window found by a search. Lines are 0-based, the end is exclusive. */
export interface WindowHit {
  readonly document: number;
  readonly startLine: number;
  readonly endLine: number;
  /** In (0, 1]; what it says depends on the search. */
  readonly score: number;
}

export interface SearchOptions {
  /** Most hits to return; 0 or more. */
  readonly topK: number;
  /** Leaves a window out. Called only for windows that would be among the best. */
  readonly isExcluded?: (document: number, startLine: number, endLine: number) => boolean;
  /** Windows of a lower score may be left out; default 0. */
  readonly minScore?: number;
  /** Orders documents among windows of equal score; default: by id. */
  readonly compareDocuments?: (a: number, b: number) => number;
}

/** Keeps the best `topK` windows: by score descending, then by document, then by start line. */
export class BestHits<Hit extends WindowHit = WindowHit> {
  private readonly best: Hit[] = [];

  constructor(private readonly options: SearchOptions) {}

  /** The worst of the best, once there are `topK`: a window with a lower score cannot be among them. */
  get last(): Hit | undefined {
    const { best, options } = this;
    return best.length === options.topK ? best[best.length - 1] : undefined;
  }

  /** A window of a lower score need not be inserted. */
  get least(): number {
    return this.last?.score ?? this.options.minScore ?? 0;
  }

  /** Takes a window in if it is among the best; returns whether it is. */
  insert(hit: Hit): boolean {
    const { best, options, last } = this;
    if (last !== undefined && this.compare(hit, last) >= 0) return false;
    if (options.isExcluded?.(hit.document, hit.startLine, hit.endLine)) return false;
    let low = 0;
    for (let high = best.length; low < high;) {
      const middle = (low + high) >>> 1;
      if (this.compare(best[middle]!, hit) < 0) low = middle + 1;
      else high = middle;
    }
    if (last !== undefined) best.pop();
    best.splice(low, 0, hit);
    return true;
  }

  hits(): WindowHit[] {
    return this.best.map(({ document, startLine, endLine, score }) => ({
      document,
      startLine,
      endLine,
      score,
    }));
  }

  private compare(a: WindowHit, b: WindowHit): number {
    if (a.score !== b.score) return b.score - a.score;
    const order =
      a.document === b.document
        ? 0
        : (this.options.compareDocuments?.(a.document, b.document) ?? a.document - b.document);
    // Documents that the caller holds equal stand in order of id, so that the result is always the same.
    return order || a.startLine - b.startLine || a.document - b.document;
  }
}

/** @throws AppError invalid_argument when `topK` is no whole number of 0 or more. */
export function assertTopK({ topK }: SearchOptions): void {
  if (Number.isSafeInteger(topK) && topK >= 0) return;
  throw invalidArgument('topK', 'must be a whole number of 0 or more');
}
