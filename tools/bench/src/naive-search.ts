import { jaccardOf, type WindowHit, type WordSet } from '@repoformer/retrieval';
import { timeOf } from './statistics.js';

export interface NaiveWindow {
  readonly document: number;
  readonly startLine: number;
  readonly words: WordSet;
}

/** Compares a query with every window that it is shown. */
export class NaiveSearch {
  ms = 0;
  private best: { document: number; startLine: number; score: number }[] = [];

  constructor(
    readonly words: WordSet,
    private readonly topK: number,
  ) {}

  compare(windows: readonly NaiveWindow[]): void {
    this.ms += timeOf(() => {
      for (const { document, startLine, words } of windows) {
        const score = jaccardOf(this.words, words);
        if (score === 0 || score < (this.best[this.topK - 1]?.score ?? 0)) continue;
        this.best.push({ document, startLine, score });
        this.best.sort((a, b) => b.score - a.score || a.document - b.document || a.startLine - b.startLine);
        this.best.splice(this.topK);
      }
    }).ms;
  }

  equals(hits: readonly WindowHit[]): boolean {
    const isEqual = (hit: (typeof this.best)[number], i: number) =>
      hit.document === hits[i]?.document &&
      hit.startLine === hits[i].startLine &&
      hit.score === hits[i].score;
    return hits.length === this.best.length && this.best.every(isEqual);
  }
}
