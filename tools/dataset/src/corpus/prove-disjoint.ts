import type { Split } from '../record.js';
import { readCorpusTexts, type CorpusRepository } from './corpus-repository.js';
import { DuplicateIndex, fingerprint, type Fingerprint } from './duplicates/duplicate-index.js';
import { projectNames, sameProject } from './project-names.js';

/** What of a repository is compared with those of other splits. */
export interface RepositoryPrint {
  readonly name: string;
  readonly split: Split;
  readonly files: readonly { readonly path: string; readonly print: Fingerprint }[];
}

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

/** What there is to compare of repositories, from their committed files. @throws AppError */
export async function printRepositories(
  corpus: readonly CorpusRepository[],
  signal?: AbortSignal,
): Promise<RepositoryPrint[]> {
  const prints: RepositoryPrint[] = [];
  for (const repository of corpus) {
    const texts = await readCorpusTexts(repository, signal);
    const files = texts.map(({ path, text }) => ({ path, print: fingerprint(text) }));
    prints.push({ name: repository.name, split: repository.split, files });
  }
  return prints;
}

/**
 * Checks anew, from names and committed contents alone, that no split holds what another evaluates: no project
 * under any name, no file of equal content, no near duplicate (Jaccard similarity of 5-word shingles from 0.8 on).
 *
 * @returns what was found; empty when the splits are disjoint
 */
export function proveDisjoint(repositories: readonly RepositoryPrint[]): DisjointViolation[] {
  const violations: DisjointViolation[] = sharedNames(repositories);
  const seen = new DuplicateIndex<{ repository: string; path: string }>();
  for (const split of ORDER) {
    const prints = repositories
      .filter((one) => one.split === split)
      .flatMap(({ name, files }) => files.map((file) => ({ repository: name, ...file })));
    for (const { repository, path, print } of prints) {
      const hit = seen.find(print);
      if (!hit) continue;
      const { of, similarity, isExact } = hit;
      violations.push({ kind: isExact ? 'content' : 'near', repository, path, of, similarity });
    }
    // Copies within a split are no violation: it is compared with the splits before it only.
    for (const { repository, path, print } of prints) seen.add({ repository, path }, print);
  }
  return violations;
}

function sharedNames(repositories: readonly Pick<RepositoryPrint, 'name' | 'split'>[]): DisjointViolation[] {
  const named = repositories.map(({ name, split }) => ({
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
