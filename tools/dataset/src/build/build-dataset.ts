import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '@repoformer/domain';
import { readCorpusTexts, type CorpusRepository } from '../corpus/index.js';
import { fileError } from '../files/jsonl.js';
import { tryLock, waitForLock, type WorkLock } from '../files/work-lock.js';
import { repoEvalTasks, sampleHoles } from '../holes/index.js';
import { shardOf, type Shard } from '../shard-of.js';
import { buildHoles, type BuildOptions } from './build-holes.js';
import { HOLES, stemOf } from './hole-files.js';

export interface BuildProgress {
  /** `wait`: another process is building it. */
  readonly phase: 'build' | 'wait';
  /** The repository at hand. */
  readonly name: string;
  /** Repositories that are done, the one at hand by its share of holes; and all there are. */
  readonly done: number;
  readonly total: number;
  /** With their context, or there already. */
  readonly holes: number;
  /** Repositories a second, of those that were not there before; undefined before the first hole. */
  readonly rate: number | undefined;
}

export interface BuildDatasetOptions extends Omit<BuildOptions, 'onHole'> {
  readonly seed: string;
  /** Most holes of each repository. */
  readonly count: number;
  readonly onProgress?: (progress: BuildProgress) => void;
}

export interface DatasetBuild {
  readonly holes: number;
  /** Names of repositories without a place for a hole. */
  readonly empty: readonly string[];
}

/** Those of a corpus that fall to a shard, each by its name alone. */
export function repositoriesOf<T extends { readonly name: string }>(
  repositories: readonly T[],
  { shard, shards }: Shard,
): T[] {
  const digestOf = (name: string) => createHash('sha256').update(name).digest('hex');
  return repositories.filter(({ name }) => shardOf(digestOf(name), shards) === shard);
}

/**
 * Takes holes from repositories and finds the context of each. A repository is one process's work at a time: processes side
 * by side begin with those that nobody else works on, and see to the others when they are free. What is whole is not
 * made again.
 *
 * @throws AppError what a repository or the disk reports; cancelled. Repositories that are done stay
 */
export async function buildDataset(
  repositories: readonly CorpusRepository[],
  options: BuildDatasetOptions,
): Promise<DatasetBuild> {
  const { directory, signal, onProgress } = options;
  const folder = join(directory, HOLES);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, error);
  });
  const lockOf = ({ name }: CorpusRepository) => join(folder, `${stemOf(name)}.lock`);
  const pace = new Pace();
  const empty: string[] = [];
  let done = 0;
  let holes = 0;
  const report = (phase: BuildProgress['phase'], name: string, [ready, wanted] = [0, 1]) => {
    const share = ready / wanted;
    onProgress?.({
      phase,
      name,
      done: done + share,
      total: repositories.length,
      holes: holes + ready,
      rate: pace.rate(share),
    });
  };
  const build = async (repository: CorpusRepository, lock: WorkLock) => {
    const { name } = repository;
    try {
      report('build', name);
      pace.begin();
      const result = await buildRepository(repository, options, (...counts) => report('build', name, counts));
      pace.end(!result.known);
      if (result.holes === 0) empty.push(name);
      holes += result.holes;
      done++;
    } finally {
      await lock.release();
    }
  };
  const held: CorpusRepository[] = [];
  for (const repository of repositories) {
    throwIfAborted(signal);
    const lock = await tryLock(lockOf(repository));
    if (lock) await build(repository, lock);
    else held.push(repository);
  }
  for (const repository of held) {
    report('wait', repository.name);
    await build(repository, await waitForLock(lockOf(repository), signal));
  }
  return { holes, empty };
}

/** @returns of a repository without a place for a hole, none */
async function buildRepository(
  repository: CorpusRepository,
  { seed, count, ...options }: BuildDatasetOptions,
  onHole: (ready: number, wanted: number) => void,
): Promise<{ readonly holes: number; readonly known: boolean }> {
  const { name, split, root, commit } = repository;
  const { tasks, signal } = options;
  const files = await readCorpusTexts(repository, signal);
  const take = tasks === 'repoeval' ? repoEvalTasks : sampleHoles;
  const holes = await take({ name, split, files }, { seed, count, signal });
  if (holes.length === 0) return { holes: 0, known: true };
  return buildHoles({ name, root, commit, files }, holes, {
    ...options,
    onHole: (ready) => onHole(ready, holes.length),
  });
}

/** How fast repositories are built, leaving out those that were there. */
class Pace {
  #built = 0;
  #ms = 0;
  #beganAt = 0;

  begin(): void {
    this.#beganAt = performance.now();
  }

  end(isBuilt: boolean): void {
    if (!isBuilt) return;
    this.#built++;
    this.#ms += performance.now() - this.#beganAt;
  }

  /** @param share of the repository at hand that is done; 0 when none is */
  rate(share: number): number | undefined {
    const built = this.#built + share;
    const ms = this.#ms + (share > 0 ? performance.now() - this.#beganAt : 0);
    return built > 0 && ms > 0 ? built / (ms / 1000) : undefined;
  }
}
