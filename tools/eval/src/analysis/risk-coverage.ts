import type { HoleResult } from '../results.js';
import { hasContext, isAbstentionRight } from './outcomes.js';
import { saidBy } from './policies.js';
import { rank } from './ranking.js';

/** How wrong abstentions are when a policy abstains where it is surest first. */
export interface RiskCoverage {
  readonly points: readonly RiskPoint[];
  /** Mean risk over all coverages. */
  readonly aurc: number;
  /** Mean over all coverages of the chance that a hole is both covered and wrong (Traub et al., 2024). */
  readonly augrc: number;
  /** Both areas for abstentions in random order. */
  readonly random: { readonly aurc: number; readonly augrc: number };
}

export interface RiskPoint {
  /** Share of holes left without context, in (0, 1]. */
  readonly coverage: number;
  /** Share of those that context would have helped, in [0, 1]. */
  readonly risk: number;
}

/**
 * Risk against coverage of abstaining, over the holes for which anything was found.
 *
 * @returns undefined without such holes
 */
export function riskCoverage(results: readonly HoleResult[], name: string): RiskCoverage | undefined {
  const holes = results.filter(hasContext);
  if (holes.length === 0) return undefined;
  const wrong = holes.map((hole) => (isAbstentionRight(hole) ? 0 : 1));
  // Lowest first: it is surest that context is of no use where it says least.
  const ranking = rank(holes.map((hole) => -(saidBy(hole, name) ?? -Infinity)));
  const points: RiskPoint[] = [];
  let [errors, at, aurc, augrc] = [0, 0, 0, 0];
  for (const end of ranking.ends) {
    const start = at;
    const inGroup = ranking.rows.slice(start, end).reduce((sum, row) => sum + (wrong[row] ?? 0), 0);
    for (; at < end; at++) {
      // Within a tie the order is random: errors come evenly.
      const sofar = errors + (inGroup * (at + 1 - start)) / (end - start);
      aurc += sofar / (at + 1);
      augrc += sofar / holes.length;
    }
    errors += inGroup;
    points.push({ coverage: end / holes.length, risk: errors / end });
  }
  const base = errors / holes.length;
  return {
    points,
    aurc: aurc / holes.length,
    augrc: augrc / holes.length,
    random: { aurc: base, augrc: (base * (holes.length + 1)) / (2 * holes.length) },
  };
}
