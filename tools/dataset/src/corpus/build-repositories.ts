import { join } from 'node:path';
import { AppError, throwIfAborted } from '@repoformer/domain';
import type { ArchiveLimits } from './archive/archive.js';
import type { LockedRepository } from './corpus-lock.js';
import { readCorpusTexts, type CorpusRepository } from './corpus-repository.js';
import { DuplicateIndex, fingerprint } from './duplicates/duplicate-index.js';
import { fetchArchive, type FetchArchiveOptions } from './fetch/fetch-archive.js';
import type { DropReason } from './filter/judge-file.js';
import { openLocalRepository } from './local-repository.js';
import type { CorpusEntry, PackageEntry, PathEntry } from './manifest.js';
import { prepareEntry } from './prepare-entry.js';
import { safeName } from './safe-name.js';
import { writeRepository, type RepositoryFile } from './write-repository.js';

export interface BuildOptions {
  /** The repositories' folder. */
  readonly directory: string;
  readonly limits: ArchiveLimits;
  readonly archives: FetchArchiveOptions;
  readonly signal: AbortSignal | undefined;
  /** Called with each repository that is there, and how many are. */
  readonly onBuilt: (entry: CorpusEntry, done: number) => void;
}

interface Place {
  readonly name: string;
  readonly path: string;
}

/**
 * Makes the repositories of entries, in their order: a file that is a copy of one before it is left out.
 *
 * @throws AppError
 */
export async function buildRepositories(
  entries: readonly CorpusEntry[],
  options: BuildOptions,
): Promise<LockedRepository[]> {
  const copies = new DuplicateIndex<Place>();
  const repositories: LockedRepository[] = [];
  for (const entry of entries) {
    throwIfAborted(options.signal);
    const repository =
      entry.source === 'path'
        ? await buildLocal(entry, copies, options)
        : await buildPackage(entry, copies, options);
    if (repository.files.length === 0) throw nothingLeft(repository);
    repositories.push(repository);
    options.onBuilt(entry, repositories.length);
  }
  return repositories;
}

async function buildPackage(
  entry: PackageEntry,
  copies: DuplicateIndex<Place>,
  { directory, limits, archives, signal }: BuildOptions,
): Promise<LockedRepository> {
  const archive = await fetchArchive(entry, archives);
  const { files, dropped } = prepareEntry(entry, archive, limits);
  const kept: RepositoryFile[] = [];
  const sources: string[] = [];
  const contentHashes: string[] = [];
  for (const file of files) {
    const copy = file.text === undefined ? undefined : judgeCopy(copies, entry.name, file.path, file.text);
    if (copy?.reason) dropped[copy.reason] = (dropped[copy.reason] ?? 0) + 1;
    if (copy?.reason && !file.isAsked) continue;
    kept.push(file);
    if (copy && !copy.reason) {
      sources.push(file.path);
      contentHashes.push(copy.hash);
    }
  }
  const root = join(directory, safeName(entry.name));
  if (sources.length === 0) throw nothingLeft({ name: entry.name, dropped });
  const commit = await writeRepository(root, entry.name, kept, signal);
  const { name, split, languages, licence, tests } = entry;
  const facts = { name, split, root, commit, languages, licence, ...(tests && { tests }) };
  return { ...facts, files: sources, dropped, ...(split !== 'train' && { contentHashes }) };
}

async function buildLocal(
  entry: PathEntry,
  copies: DuplicateIndex<Place>,
  { signal }: BuildOptions,
): Promise<LockedRepository> {
  const { name, languages, licence, split, tests } = entry;
  const opened = await openLocalRepository(entry.path, split, { name, languages, licence, signal });
  const dropped: Partial<Record<DropReason, number>> = { ...opened.dropped };
  const files: string[] = [];
  const contentHashes: string[] = [];
  for (const { path, text } of await readCorpusTexts(opened, signal)) {
    const { reason, hash } = judgeCopy(copies, name, path, text);
    if (reason) dropped[reason] = (dropped[reason] ?? 0) + 1;
    else {
      files.push(path);
      contentHashes.push(hash);
    }
  }
  const evaluation = split !== 'train' && { contentHashes };
  return { ...opened, files, dropped, ...(tests && { tests }), ...evaluation };
}

/** Whether a text is a copy of one seen before; one that is not is remembered. */
function judgeCopy(
  copies: DuplicateIndex<Place>,
  name: string,
  path: string,
  text: string,
): { readonly hash: string; readonly reason?: DropReason } {
  const print = fingerprint(text);
  const hit = copies.find(print);
  if (hit) return { hash: print.hash, reason: hit.isExact ? 'duplicate' : 'near_duplicate' };
  copies.add({ name, path }, print);
  return { hash: print.hash };
}

function nothingLeft({ name, dropped }: Pick<CorpusRepository, 'name' | 'dropped'>): AppError {
  const counts = Object.entries(dropped).map(([reason, count]) => `${reason} ${count}`);
  return new AppError({
    kind: 'failed_precondition',
    reason: 'CONFIG_INVALID',
    message: `${name}: none of its files can be used (${counts.join(', ')}); check "languages" and "include", or take another package`,
    meta: { name },
  });
}
