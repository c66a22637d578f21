import type { HoleResult } from '../results.js';
import { gainOf } from './outcomes.js';

/** The holes that context helped and hurt most. */
export interface Examples {
  readonly helped: readonly HoleResult[];
  readonly hurt: readonly HoleResult[];
}

/**
 * The extremes, at most one a file, since neighbouring holes tell the same story; ties by id, so that the same
 * results show the same examples.
 *
 * @param most of each; default 4
 */
export function examplesOf(results: readonly HoleResult[], most = 4): Examples {
  const ranked = [...results].sort((a, b) => gainOf(b) - gainOf(a) || (a.id < b.id ? -1 : 1));
  return {
    helped: onePerFile(
      ranked.filter((hole) => gainOf(hole) > 0),
      most,
    ),
    hurt: onePerFile(ranked.filter((hole) => gainOf(hole) < 0).reverse(), most),
  };
}

function onePerFile(holes: readonly HoleResult[], most: number): HoleResult[] {
  const seen = new Set<string>();
  const chosen: HoleResult[] = [];
  for (const hole of holes) {
    const file = `${hole.repository}\0${hole.path}`;
    if (chosen.length >= most || seen.has(file)) continue;
    seen.add(file);
    chosen.push(hole);
  }
  return chosen;
}
