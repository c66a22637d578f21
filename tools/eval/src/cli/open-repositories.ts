import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  defaultCacheDir,
  fetchCorpus,
  openLocalRepository,
  readManifest,
  type CorpusRepository,
  type ProgressLine,
} from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';

/** Flags that name the repositories a dataset was built from. */
export interface RepositoryFlags {
  readonly corpus?: string;
  readonly repo: readonly string[];
  readonly cache: string;
}

export function addRepositoryFlags(command: Command): Command {
  return command
    .option('--corpus <manifest>', 'manifest that the dataset was built from')
    .option('--repo <folder...>', 'git repositories of this machine that it was built from', [])
    .option('--cache <folder>', 'where packages and what their tests need are kept', defaultCacheDir());
}

/**
 * The repositories of a dataset that the flags name, as `repoformer-dataset build` opens them.
 *
 * @param wanted their names in the dataset; others are not fetched
 * @throws AppError invalid_argument when there are no flags; failed_precondition when they name none that is wanted;
 * what fetching reports
 */
export async function openRepositories(
  { corpus, repo, cache }: RepositoryFlags,
  wanted: ReadonlySet<string>,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<CorpusRepository[]> {
  if (corpus === undefined && repo.length === 0) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'CONFIG_INVALID',
      message: 'name the repositories of the dataset: their manifest with --corpus, or folders with --repo',
    });
  }
  const repositories: CorpusRepository[] = [];
  for (const path of repo) {
    const opened = await openLocalRepository(path, 'benchmark', { signal });
    if (wanted.has(opened.name)) repositories.push(opened);
  }
  if (corpus !== undefined) {
    const manifest = await readManifest(corpus);
    const only = manifest.entries.flatMap(({ name }) => (wanted.has(name) ? [name] : []));
    if (only.length > 0) {
      const onProgress = ({
        phase,
        name,
        done,
        total,
      }: Record<'phase' | 'name', string> & Record<'done' | 'total', number>) =>
        line.show(`${phase}: ${done} of ${total} packages, ${name}`);
      repositories.push(
        ...(await fetchCorpus(manifest, { cacheDir: resolve(cache), only, signal, onProgress })),
      );
    }
  }
  if (repositories.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${[corpus, ...repo].filter(Boolean).join(', ')}: none of the dataset's repositories is there (${[...wanted].slice(0, 3).join(', ')}${wanted.size > 3 ? ', …' : ''}); name those that it was built from`,
    });
  }
  return repositories;
}
