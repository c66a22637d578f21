import type { Command } from 'commander';
import {
  fetchCorpus,
  openLocalRepository,
  readManifest,
  type CorpusRepository,
  type ProgressLine,
  type Split,
} from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';

/** Flags that name repositories. */
export interface RepositoryFlags {
  readonly corpus?: string;
  readonly repo: readonly string[];
}

export function addRepositoryFlags(command: Command): Command {
  return command
    .option('--corpus <manifest>', 'packages, as the dataset was built from them')
    .option('--repo <folder...>', 'git repositories of this machine; only what is committed counts', []);
}

/**
 * Opens repositories as `repoformer-dataset build` does.
 *
 * @param isWanted others of the manifest are not fetched
 * @throws AppError invalid_argument when there are no flags, or they name nothing that is wanted; what fetching reports
 */
export async function openRepositories(
  { corpus, repo }: RepositoryFlags,
  isWanted: (repository: { readonly name: string; readonly split: Split }) => boolean,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<CorpusRepository[]> {
  if (corpus === undefined && repo.length === 0) {
    throw refusal('name repositories: a manifest with --corpus, or folders with --repo');
  }
  const repositories: CorpusRepository[] = [];
  for (const path of repo) repositories.push(await openLocalRepository(path, 'train', { signal }));
  if (corpus !== undefined) {
    const manifest = await readManifest(corpus);
    const only = manifest.entries.filter(isWanted).map(({ name }) => name);
    const onProgress = (progress: { phase: string; name: string; done: number; total: number }) =>
      line.show(`${progress.phase}: ${progress.done} of ${progress.total} packages, ${progress.name}`);
    if (only.length > 0) repositories.push(...(await fetchCorpus(manifest, { only, signal, onProgress })));
  }
  // What is in a folder serves for whatever it is named for; its name must be one that is wanted.
  const opened = repositories.filter(({ name, split }) => isWanted({ name, split }));
  if (opened.length > 0) return opened;
  throw refusal(
    'none of these repositories is what the dataset was built from; name those that it was built from',
  );
}

export function refusal(message: string): AppError {
  return new AppError({ kind: 'invalid_argument', reason: 'CONFIG_INVALID', message });
}
