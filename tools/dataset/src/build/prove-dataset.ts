import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError, invalidArgument } from '@repoformer/domain';
import { proveDisjoint, type DisjointViolation, type RepositoryPrint } from '../corpus/index.js';
import { readJsonl } from '../files/jsonl.js';
import { SPLITS, type HoleRecord } from '../record.js';
import { HOLES, SOURCES, stemOf, stemOfFile } from './hole-files.js';
import { readSourcePrints } from './source-prints.js';

/** A repository that a dataset holds from another build. */
type Standing = Omit<RepositoryPrint, 'files'> & {
  /** Absent where that build recorded none. */
  readonly files?: RepositoryPrint['files'];
};

/**
 * Refuses splits that share a project or a copied file: those of the repositories that are built now, and of all that the
 * dataset holds from other builds.
 *
 * @param built what the dataset holds of these gives way, and is not looked at
 * @throws AppError failed_precondition/CONFIG_INVALID naming both; also where the contents of one cannot be compared
 */
export async function refuseShared(directory: string, built: readonly RepositoryPrint[]): Promise<void> {
  const all: readonly Standing[] = [...built, ...(await readStanding(directory, built))];
  const violations = proveDisjoint(all.map(({ files = [], ...repository }) => ({ ...repository, files })));
  const splitOf = (wanted: string) => all.find(({ name }) => name === wanted)!.split;
  if (violations.length > 0) {
    throw refusal(
      `what evaluates is also in what is learnt from, in ${violations.length} places; the first: ` +
        `${describe(violations[0]!, splitOf)}; leave one of them out, and remove its file if it is in ` +
        `${join(directory, HOLES)}, or build it into another folder`,
    );
  }
  for (const unknown of all.filter(({ files }) => !files)) {
    const other = all.find(({ split }) => split !== unknown.split);
    if (!other) continue;
    throw refusal(
      `${unknown.name} (${unknown.split}) cannot be compared with ${other.name} (${other.split}): the dataset does not ` +
        'say what was in its files; build both with one command, or one of them into another folder',
    );
  }
}

function describe(
  { kind, repository, path, of, similarity }: DisjointViolation,
  splitOf: (repository: string) => string,
): string {
  const [one, other] = [repository, of.repository].map((name) => `${name} (${splitOf(name)})`);
  if (kind === 'name') return `${one} and ${other} are one project`;
  const likeness =
    kind === 'content' ? 'the same text as' : `${(100 * similarity!).toFixed(0)} % the text of`;
  return `${path} in ${one} is ${likeness} ${of.path} in ${other}`;
}

async function readStanding(directory: string, built: readonly RepositoryPrint[]): Promise<Standing[]> {
  const ours = new Set(built.map(({ name }) => stemOf(name)));
  const names = await readdir(join(directory, HOLES)).catch(() => [] as string[]);
  const standing: Standing[] = [];
  for (const file of names.filter((name) => name.endsWith('.jsonl')).sort()) {
    // May be damaged or of another version: it is built again.
    if (ours.has(stemOfFile(file) ?? '')) continue;
    const repository = await repositoryOf(join(directory, HOLES, file));
    if (!repository || built.some(({ name }) => name === repository.name)) continue;
    const files = await readSourcePrints(join(directory, SOURCES, file));
    standing.push({ ...repository, ...(files && { files }) });
  }
  return standing;
}

/** Whose holes a file holds: one repository's. @returns undefined when another process has just replaced it */
async function repositoryOf(path: string): Promise<Pick<RepositoryPrint, 'name' | 'split'> | undefined> {
  try {
    for await (const repository of readJsonl(path, parseOwner, { whole: true })) return repository;
  } catch (error) {
    if (!(error instanceof AppError && error.kind === 'not_found')) throw error;
  }
  return undefined;
}

/** Holes of any version: those of another are refused where they are used. */
function parseOwner(value: unknown): Pick<RepositoryPrint, 'name' | 'split'> {
  const { repository: name, split } = (value ?? {}) as Partial<HoleRecord>;
  if (typeof name !== 'string') throw invalidArgument('repository', 'must be a text');
  if (!split || !SPLITS.includes(split)) throw invalidArgument('split', 'is unknown');
  return { name, split };
}

function refusal(message: string): AppError {
  return new AppError({ kind: 'failed_precondition', reason: 'CONFIG_INVALID', message });
}
