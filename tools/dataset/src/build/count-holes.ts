import type { HoleRecord } from '../record.js';

/** Repositories and holes of each split, and its holes by kind and language. */
export function countHoles(
  holes: readonly Pick<HoleRecord, 'split' | 'repository' | 'kind' | 'language'>[],
): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const split of new Set(holes.map((hole) => hole.split))) {
    const members = holes.filter((hole) => hole.split === split);
    const row: Record<string, number> = {
      repositories: new Set(members.map(({ repository }) => repository)).size,
      holes: members.length,
    };
    for (const { kind, language } of members) {
      row[kind] = (row[kind] ?? 0) + 1;
      row[language] = (row[language] ?? 0) + 1;
    }
    counts[split] = row;
  }
  return counts;
}
