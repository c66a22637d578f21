import type { Hole, HoleKind } from '../record.js';
import { wholeCallCandidates } from './call-candidates.js';
import { holeOf, shuffled, type Candidate } from './candidate.js';
import { drawHoles } from './draw-holes.js';
import { functionCandidates } from './function-candidates.js';
import { lineCandidates } from './line-candidates.js';
import { readRepository, type ReadRepositoryOptions, type RepositoryText } from './read-repository.js';
import { repositoryNames } from './repository-names.js';
import { checkCount } from './sample-holes.js';

/** Tasks of RepoEval by kind (Zhang et al., RepoCoder, EMNLP 2023): its proportions are kept. */
const REPO_EVAL_TASKS = { line: 1_600, call: 1_600, function: 373 } as const;
/** Tokens of a line that RepoEval asks for at least. */
const MIN_LINE_TOKENS = 5;

export interface RepoEvalOptions extends ReadRepositoryOptions {
  readonly seed: string;
  /** Tasks wanted of all kinds together; fewer when the repository has no more. */
  readonly count: number;
}

/**
 * Tasks as RepoEval defines them, from any repository: whole lines of at least five tokens, whole lines of a call of
 * what another file of the repository defines, and bodies of functions of 3 to 30 lines (whether tests cover them
 * is not known). As for {@link sampleHoles}, indentation belongs to the prefix, and the same limits hold on tests,
 * imports and files.
 *
 * @throws AppError invalid_argument for a count that makes no sense; cancelled
 */
export async function repoEvalTasks(repository: RepositoryText, options: RepoEvalOptions): Promise<Hole[]> {
  const { seed, count } = options;
  checkCount('count', count);
  const randomness = { seed, repository: repository.name };
  const files = await readRepository(repository, options);
  const names = repositoryNames(files);
  const candidates = new Map<HoleKind, readonly Candidate[]>([
    ['line', files.flatMap((file) => [...lineCandidates(file)].filter(hasEnoughTokens))],
    ['call', files.flatMap((file) => [...wholeCallCandidates(file, names)])],
    ['function', files.flatMap((file) => [...functionCandidates(file)])],
  ]);
  for (const [kind, ofKind] of candidates) candidates.set(kind, shuffled(ofKind, randomness, `task ${kind}`));
  const tasks: Hole[] = [];
  if (count === 0) return tasks;
  for (const { candidate, range } of drawHoles(candidates, { line_rest: 0, chunk: 0, ...REPO_EVAL_TASKS })) {
    tasks.push(holeOf(candidate, range, repository.name, repository.split));
    if (tasks.length === count) break;
  }
  return tasks;
}

function hasEnoughTokens(candidate: Candidate): boolean {
  const { start, end } = candidate.range()!;
  const tokens = candidate.file.text.slice(start, end).match(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu) ?? [];
  return tokens.length >= MIN_LINE_TOKENS;
}
