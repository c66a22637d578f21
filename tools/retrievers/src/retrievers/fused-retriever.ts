import type { Candidate, Ranking, Retriever, ScoredCandidate } from '../ports.js';
import { RANKED } from './ranked.js';

/** How little the first ranks differ (Cormack et al., 2009). */
const RANK_OFFSET = 60;

/** Reciprocal-rank fusion of several retrievers. */
export function fusedRetriever(retrievers: readonly Retriever[]): Retriever {
  return {
    async retrieve(request) {
      const rankings: Ranking[] = [];
      for (const retriever of retrievers) rankings.push(await retriever.retrieve(request));
      return { chunks: fuse(rankings).slice(0, RANKED) };
    },
  };
}

/**
 * By the sum of 1 / (60 + rank) over the rankings, rank counted from 1, as a share of what the first in all of them
 * has; equal ones by path, then line.
 */
export function fuse(rankings: readonly Ranking[]): ScoredCandidate[] {
  const fused = new Map<string, { chunk: ScoredCandidate; sum: number }>();
  for (const { chunks } of rankings) {
    chunks.forEach((chunk, at) => {
      const key = keyOf(chunk);
      const entry = fused.get(key) ?? { chunk, sum: 0 };
      entry.sum += 1 / (RANK_OFFSET + at + 1);
      fused.set(key, entry);
    });
  }
  const most = rankings.length / (RANK_OFFSET + 1);
  return [...fused.values()]
    .map(({ chunk, sum }) => ({ ...chunk, score: Math.min(1, sum / most) }))
    .sort((a, b) => b.score - a.score || compareText(a.path, b.path) || a.startLine - b.startLine);
}

export function keyOf({ path, isOwn, startLine, endLine, kind }: Candidate): string {
  return `${isOwn ? 'own' : 'other'}:${startLine}:${endLine}:${kind}:${path}`;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
