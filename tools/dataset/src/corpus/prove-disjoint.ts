import type { Split } from '../record.js';
import { readCorpusTexts, type CorpusRepository } from './corpus-repository.js';
import { DuplicateIndex, fingerprint } from './duplicates/duplicate-index.js';
import { projectNames, sameProject } from './project-names.js';

/** One thing that two splits share. */
export interface DisjointViolation {
  /** `name`: one project; `content`: equal but for white space; `near`: a near duplicate. */
  readonly kind: 'name' | 'content' | 'near';
  /** The repository (and file) of the split that must not have it. */
  readonly repository: string;
  readonly path?: string;
  readonly of: { readonly repository: string; readonly path?: string };
  /** Of contents, in [0.8, 1]. */
  readonly similarity?: number;
}

/** From what evaluates most strictly on: each is compared with all before it. */
const ORDER: readonly Split[] = ['benchmark', 'calibration', 'train'];

/**
 * Checks anew, from names and committed contents alone, that no split holds what another evaluates: no project
 * under any name, no file of equal content, no near duplicate (Jaccard similarity of 5-word shingles from 0.8 on).
 *
 * @returns what was found; empty when the splits are disjoint
 */
export async function proveDisjoint(
  corpus: readonly CorpusRepository[],
  signal?: AbortSignal,
): Promise<DisjointViolation[]> {
  const violations: DisjointViolation[] = sharedNames(corpus);
  const seen = new DuplicateIndex<{ repository: string; path: string }>();
  for (const split of ORDER) {
    const prints = [];
    for (const repository of corpus.filter((one) => one.split === split)) {
      for (const { path, text } of await readCorpusTexts(repository, signal)) {
        const print = fingerprint(text);
        const hit = seen.find(print);
        if (hit) {
          const kind = hit.isExact ? 'content' : 'near';
          const { of, similarity } = hit;
          violations.push({ kind, repository: repository.name, path, of, similarity });
        }
        prints.push({ of: { repository: repository.name, path }, print });
      }
    }
    // Copies within a split are no violation: it is compared with the splits before it only.
    for (const { of, print } of prints) seen.add(of, print);
  }
  return violations;
}

function sharedNames(corpus: readonly CorpusRepository[]): DisjointViolation[] {
  const named = corpus.map(({ name, split }) => ({
    name,
    rank: ORDER.indexOf(split),
    names: projectNames(name),
  }));
  return named.flatMap((one) =>
    named
      .filter((other) => other.rank < one.rank && sameProject(one.names, other.names))
      .map((other) => ({ kind: 'name' as const, repository: one.name, of: { repository: other.name } })),
  );
}
