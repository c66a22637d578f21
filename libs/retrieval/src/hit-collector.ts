import { BestHits, type SearchOptions, type WindowHit } from './best-hits.js';

/**
 * Keeps the windows of the highest Jaccard similarity.
 *
 * A score is the fraction shared / union. The score to beat is kept as two whole numbers, so that comparing
 * with it is exact and no tie is lost to rounding.
 */
export class HitCollector {
  /** A window with less than `minShared / minUnion` cannot be among the best. 0 / 1 until there are `topK`. */
  minShared = 0;
  minUnion = 1;
  private readonly best: BestHits<Candidate>;

  constructor(options: SearchOptions) {
    this.best = new BestHits(options);
  }

  /** Whether a window that shares at most `shared` words can still count; `total`: both sets' sizes added. */
  isPossible(shared: number, total: number): boolean {
    return shared > 0 && shared * (this.minShared + this.minUnion) >= this.minShared * total;
  }

  offer(document: number, startLine: number, endLine: number, shared: number, total: number): void {
    if (!this.isPossible(shared, total)) return;
    // IEEE division is correctly rounded: equal fractions give equal scores, and different fractions of
    // numbers this small give different ones.
    const union = total - shared;
    if (!this.best.insert({ document, startLine, endLine, score: shared / union, shared, union })) return;
    const { last } = this.best;
    if (last === undefined) return;
    this.minShared = last.shared;
    this.minUnion = last.union;
  }

  hits(): WindowHit[] {
    return this.best.hits();
  }
}

interface Candidate extends WindowHit {
  readonly shared: number;
  readonly union: number;
}
