import type { Gains } from '@repoformer/policy';
import type { FitHole } from './fit-table.js';

/** Languages with fewer holes share the default. */
const LEAST_HOLES = 200;
const JAVASCRIPT = new Set([
  'javascript',
  'javascriptreact',
  'typescript',
  'typescriptreact',
  'vue',
  'svelte',
]);

/** Mean points won where context helps, and lost where it does not, over all holes and by family of languages. */
export function gainsByLanguage(holes: readonly FitHole[], helps: readonly boolean[]): Record<string, Gains> {
  const familyOf = ({ language }: FitHole) =>
    language === 'python' ? 'python' : JAVASCRIPT.has(language) ? 'javascript' : 'other';
  const gains: Record<string, Gains> = {
    default: gainsOf(
      holes.map((hole) => hole.gainEs),
      helps,
    ),
  };
  for (const family of ['python', 'javascript', 'other']) {
    const rows = [...holes.keys()].filter((row) => familyOf(holes[row]!) === family);
    if (rows.length < LEAST_HOLES) continue;
    gains[family] = gainsOf(
      rows.map((row) => holes[row]!.gainEs),
      rows.map((row) => helps[row]!),
    );
  }
  return gains;
}

function gainsOf(gains: readonly number[], helps: readonly boolean[]): Gains {
  const meanWhere = (wanted: boolean) => {
    const of = gains.filter((_, row) => helps[row] === wanted);
    return of.reduce((sum, gain) => sum + gain, 0) / Math.max(1, of.length);
  };
  // Labels by likelihood may call help what wins no point; the rule needs something to win, and nothing to lose by abstaining.
  return { helps: Math.max(0.1, meanWhere(true)), hurts: Math.max(0, -meanWhere(false)) };
}

/** The probability above which context gains more than it loses, were it free. */
export function freeThreshold({ helps, hurts }: Gains): number {
  return Math.min(0.98, Math.max(0.02, hurts / (helps + hurts)));
}
