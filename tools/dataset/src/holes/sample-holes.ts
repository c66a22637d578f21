import { invalidArgument } from '@repoformer/domain';
import { HOLE_KINDS, type Hole, type HoleKind } from '../record.js';
import { callCandidates } from './call-candidates.js';
import { holeOf, shuffled, type Candidate, type Randomness } from './candidate.js';
import { chunkCandidates } from './chunk-candidates.js';
import { drawHoles } from './draw-holes.js';
import { functionCandidates } from './function-candidates.js';
import { lineCandidates, lineRestCandidates } from './line-candidates.js';
import { readRepository, type ReadRepositoryOptions, type RepositoryText } from './read-repository.js';
import { repositoryNames } from './repository-names.js';
import type { SourceFile } from './source-file.js';

/** Shares of the kinds where all of them are to be had. */
export const DEFAULT_WEIGHTS: Readonly<Record<HoleKind, number>> = {
  line_rest: 0.3,
  line: 0.3,
  call: 0.15,
  chunk: 0.15,
  function: 0.1,
};

export interface SampleOptions extends ReadRepositoryOptions {
  /** The same repository and seed give the same holes, in any order of files, on any machine. */
  readonly seed: string;
  /** Holes wanted; fewer when the repository has no more. Those of a smaller number are the first of a larger. */
  readonly count: number;
  /** Default {@link DEFAULT_WEIGHTS}; kinds that are not named have none. A share that cannot be had goes to the others. */
  readonly weights?: Partial<Readonly<Record<HoleKind, number>>>;
}

/**
 * Takes holes from a repository where a person would want a completion: see `hole-rules.ts` for what is left out.
 * At most 6 % of them are in one file (unless there are few files), 30 % in tests and 5 % in imports.
 *
 * @throws AppError invalid_argument for a count or weights that make no sense; cancelled
 */
export async function sampleHoles(repository: RepositoryText, options: SampleOptions): Promise<Hole[]> {
  const { seed, count } = options;
  checkCount('count', count);
  const weights = checkedWeights(options.weights ?? DEFAULT_WEIGHTS);
  const randomness = { seed, repository: repository.name };
  const files = await readRepository(repository, options);
  const holes: Hole[] = [];
  if (count === 0) return holes;
  for (const { candidate, range } of drawHoles(candidatesOf(files, weights, randomness), weights)) {
    holes.push(holeOf(candidate, range, repository.name, repository.split));
    if (holes.length === count) break;
  }
  return holes;
}

/** @throws AppError invalid_argument */
export function checkCount(field: string, count: number): void {
  if (!Number.isInteger(count) || count < 0) {
    throw invalidArgument(field, `${count} is no number of holes; give a whole number, 0 or more`);
  }
}

function candidatesOf(
  files: readonly SourceFile[],
  weights: Readonly<Record<HoleKind, number>>,
  randomness: Randomness,
): Map<HoleKind, readonly Candidate[]> {
  const names = repositoryNames(files);
  const all: Record<HoleKind, () => Candidate[]> = {
    line: () => files.flatMap((file) => [...lineCandidates(file)]),
    line_rest: () => files.flatMap((file) => [...lineRestCandidates(file, randomness)]),
    call: () => files.flatMap((file) => [...callCandidates(file, names, randomness)]),
    function: () => files.flatMap((file) => [...functionCandidates(file)]),
    chunk: () => chunkCandidates(files, randomness),
  };
  const wanted = HOLE_KINDS.filter((kind) => weights[kind] > 0);
  // Chunks come in their clusters' order.
  return new Map(
    wanted.map((kind) => [kind, kind === 'chunk' ? all[kind]() : shuffled(all[kind](), randomness, kind)]),
  );
}

function checkedWeights(given: Partial<Readonly<Record<HoleKind, number>>>): Record<HoleKind, number> {
  const weights = { line_rest: 0, line: 0, chunk: 0, call: 0, function: 0, ...given };
  const values = HOLE_KINDS.map((kind) => weights[kind]);
  if (
    !values.every((value) => Number.isFinite(value) && value >= 0) ||
    values.every((value) => value === 0)
  ) {
    throw invalidArgument('weights', 'give numbers of 0 or more, at least one of them above 0');
  }
  return weights;
}
