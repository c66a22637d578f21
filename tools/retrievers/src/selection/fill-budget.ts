import type { ScoredCandidate, Selector } from '../ports.js';
import { ShownLines } from './shown-lines.js';
import { SPAN_TOKENS } from './token-cost.js';

export interface FillOptions {
  readonly name: string;
  /** A chunk that overlaps one that is shown is left out, or adds the lines that are not shown yet. */
  readonly overlapping: 'dropped' | 'merged';
  /** Share of the budget that the heads of definitions get before anything else does. Default 0. */
  readonly signatureShare?: number;
  /** Chunks of a lower score are not shown. Default 0. */
  readonly leastScore?: number;
}

/** Fewer lines than these of a longer chunk are a crumb, unless they join what is shown. */
const LEAST_LINES = 2;

/** Chunks in the order of the ranking until the budget is full; the last one is cut after a whole line. */
export function fillBudget(options: FillOptions): Selector {
  const { name, overlapping, signatureShare = 0, leastScore = 0 } = options;
  return {
    name,
    select({ chunks }, { budgetTokens, isUnwanted }) {
      const shown = new ShownLines();
      const texts = new Set<string>();
      const taken: ScoredCandidate[] = [];
      const fill = (candidates: readonly ScoredCandidate[], budget: number) => {
        for (const chunk of candidates) {
          if (chunk.score < leastScore || shown.tokens + SPAN_TOKENS >= budget) return;
          if (overlapping === 'dropped' && taken.some((other) => overlaps(other, chunk))) continue;
          const lines = shown.unshown(chunk);
          const isCrumb = lines.length < Math.min(LEAST_LINES, chunk.endLine - chunk.startLine);
          if (isCrumb && !lines.some((line) => shown.joins(chunk, line))) continue;
          const text = chunk.lines.slice(chunk.startLine, chunk.endLine).join('\n');
          const normalised = text.replace(/[^\S\n]+$/gm, '').trim();
          if (texts.has(normalised) || isUnwanted(text)) continue;
          texts.add(normalised);
          taken.push(chunk);
          for (const line of lines) {
            if (shown.tokens + shown.cost(chunk, line) > budget) return;
            shown.add(chunk, line);
          }
        }
      };
      if (signatureShare > 0) {
        fill(
          chunks.filter(({ kind }) => kind === 'signature'),
          budgetTokens * signatureShare,
        );
      }
      fill(chunks, budgetTokens);
      return shown.spans();
    },
  };
}

function overlaps(a: ScoredCandidate, b: ScoredCandidate): boolean {
  return a.path === b.path && a.isOwn === b.isOwn && a.startLine < b.endLine && b.startLine < a.endLine;
}
