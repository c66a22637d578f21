import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError, throwIfAborted } from '@repoformer/domain';
import { tryLock } from '../files/work-lock.js';
import type { Split } from '../record.js';
import { DEFAULT_ARCHIVE_LIMITS, type ArchiveLimits } from './archive/archive.js';
import { corpusKey, readCorpusLock, writeCorpusLock, type LockedRepository } from './corpus-lock.js';
import { readCorpusTexts, type CorpusRepository } from './corpus-repository.js';
import { DuplicateIndex, fingerprint } from './duplicates/duplicate-index.js';
import { fetchArchive } from './fetch/fetch-archive.js';
import type { DropReason } from './filter/judge-file.js';
import { openLocalRepository } from './local-repository.js';
import type { CorpusEntry, CorpusManifest, PackageEntry, PathEntry } from './manifest.js';
import { prepareEntry } from './prepare-entry.js';
import { safeName } from './safe-name.js';
import { headOf, writeRepository, type RepositoryFile } from './write-repository.js';

export interface FetchCorpusOptions {
  /** Default: {@link defaultCacheDir}. */
  readonly cacheDir?: string;
  /** Names with or without version; default all. What is de-duplicated against is built as well. */
  readonly only?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: CorpusProgress) => void;
  /** For one package's client. Default 5 minutes. */
  readonly timeoutMs?: number;
  readonly limits?: ArchiveLimits;
  /** Environment of the package clients. Default: this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface CorpusProgress {
  readonly phase: 'fetch' | 'build';
  readonly name: string;
  readonly done: number;
  readonly total: number;
}

const DEFAULT_TIMEOUT_MS = 300_000;
/** Clients wait for the network most of the time. */
const PARALLEL_FETCHES = 3;

/** Whose files win over copies elsewhere: what evaluates must be absent from what is learnt from. */
const PRECEDENCE: readonly Split[] = ['benchmark', 'calibration', 'train'];

/** `repoformer/dataset` in `$XDG_CACHE_HOME`, or in `~/.cache`. */
export function defaultCacheDir(env: NodeJS.ProcessEnv = process.env): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base?.startsWith('/') ? base : join(homedir(), '.cache'), 'repoformer', 'dataset');
}

/**
 * Builds a manifest's corpus: each package fetched by its registry's client, checked, filtered, freed of copies
 * and made a git repository at `<cacheDir>/corpus/<manifest>/<name>@<version>`. A copy (same content but for white
 * space, or near duplicate) of a benchmark's file is dropped everywhere else, then of calibration's, then of what
 * stands earlier. The same manifest gives the same commits; what is there already is not made again; an
 * interrupted run goes on where it stopped.
 *
 * @returns the repositories asked for, in the manifest's order
 * @throws AppError naming the package, and what to do
 */
export async function fetchCorpus(
  manifest: CorpusManifest,
  options: FetchCorpusOptions = {},
): Promise<CorpusRepository[]> {
  const { cacheDir = defaultCacheDir(), only, signal } = options;
  const wanted = selectEntries(manifest, only);
  const directory = join(cacheDir, 'corpus', manifest.name);
  const key = corpusKey(manifest, await localHeads(manifest, signal));
  const locked = await readCorpusLock(directory);
  const known = locked?.key === key ? await presentRepositories(locked.repositories, wanted, signal) : [];
  if (known.length === wanted.length) return known.map(withoutHashes);
  await mkdir(directory, { recursive: true });
  const lock = await tryLock(join(directory, '.lock'));
  if (!lock) {
    throw new AppError({
      kind: 'unavailable',
      reason: 'STORE_IN_USE',
      message: `${directory}: another process builds this corpus; wait until it has finished`,
    });
  }
  try {
    const entries = inPrecedence(manifest.entries, wanted);
    await fetchArchives(entries, cacheDir, options);
    const repositories = await buildRepositories(entries, directory, cacheDir, options);
    const others = (locked?.key === key ? locked.repositories : []).filter(
      (other) => !repositories.some(({ name }) => name === other.name),
    );
    await writeCorpusLock(directory, {
      schema: 1,
      manifest: manifest.name,
      key,
      repositories: [...repositories, ...others],
    });
    const byName = new Map(repositories.map((repository) => [repository.name, repository]));
    return wanted.map(({ name }) => withoutHashes(byName.get(name)!));
  } finally {
    await lock.release();
  }
}

function selectEntries(
  manifest: CorpusManifest,
  only: readonly string[] | undefined,
): readonly CorpusEntry[] {
  if (!only) return manifest.entries;
  const isNamed = ({ name }: CorpusEntry, wanted: string) =>
    name === wanted || name.replace(/(?<=.)@[^@/]*$/, '') === wanted;
  for (const name of only) {
    if (!manifest.entries.some((entry) => isNamed(entry, name))) {
      throw new AppError({
        kind: 'invalid_argument',
        reason: 'CONFIG_INVALID',
        message: `the corpus ${manifest.name} has no ${name}; it has ${manifest.entries.map((entry) => entry.name).join(', ')}`,
      });
    }
  }
  return manifest.entries.filter((entry) => only.some((name) => isNamed(entry, name)));
}

async function localHeads(manifest: CorpusManifest, signal: AbortSignal | undefined) {
  const local = manifest.entries.filter((entry) => entry.source === 'path');
  return Promise.all(local.map(({ path }) => headOf(path, signal)));
}

/** What the lock says, of repositories that still are as it says. */
async function presentRepositories(
  locked: readonly LockedRepository[],
  wanted: readonly CorpusEntry[],
  signal: AbortSignal | undefined,
): Promise<LockedRepository[]> {
  const byName = new Map(locked.map((repository) => [repository.name, repository]));
  const present: LockedRepository[] = [];
  for (const { name } of wanted) {
    const repository = byName.get(name);
    if (repository && (await headOf(repository.root, signal)) === repository.commit) present.push(repository);
  }
  return present;
}

/** The splits whose files win first; nothing behind the last one wanted, which could change nothing before it. */
function inPrecedence(
  entries: readonly CorpusEntry[],
  wanted: readonly CorpusEntry[],
): readonly CorpusEntry[] {
  const sorted = PRECEDENCE.flatMap((split) => entries.filter((entry) => entry.split === split));
  const last = Math.max(...wanted.map((entry) => sorted.indexOf(entry)));
  return sorted.slice(0, last + 1);
}

const archiveOptions = (cacheDir: string, { env, timeoutMs = DEFAULT_TIMEOUT_MS }: FetchCorpusOptions) => ({
  directory: join(cacheDir, 'archives'),
  timeoutMs,
  ...(env && { env }),
});

/** Brings all archives to the cache, a few at a time. The first failure stops the others. */
async function fetchArchives(
  entries: readonly CorpusEntry[],
  cacheDir: string,
  options: FetchCorpusOptions,
): Promise<void> {
  const packages = entries.filter((entry) => entry.source === 'package');
  const failure = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
  const queue = packages.values();
  let done = 0;
  let firstError: unknown;
  const work = async () => {
    for (const entry of queue) {
      try {
        await fetchArchive(entry, { ...archiveOptions(cacheDir, options), signal });
      } catch (error) {
        firstError ??= error;
        failure.abort();
        return;
      }
      options.onProgress?.({ phase: 'fetch', name: entry.name, done: ++done, total: packages.length });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_FETCHES }, work));
  throwIfAborted(options.signal);
  if (firstError !== undefined) throw firstError;
}

interface Place {
  readonly name: string;
  readonly path: string;
}

async function buildRepositories(
  entries: readonly CorpusEntry[],
  directory: string,
  cacheDir: string,
  options: FetchCorpusOptions,
): Promise<LockedRepository[]> {
  const copies = new DuplicateIndex<Place>();
  const repositories: LockedRepository[] = [];
  for (const entry of entries) {
    throwIfAborted(options.signal);
    const repository =
      entry.source === 'path'
        ? await buildLocal(entry, copies, options)
        : await buildPackage(entry, copies, directory, cacheDir, options);
    if (repository.files.length === 0) throw nothingLeft(repository);
    repositories.push(repository);
    const progress = { phase: 'build', name: entry.name, done: repositories.length } as const;
    options.onProgress?.({ ...progress, total: entries.length });
  }
  return repositories;
}

async function buildPackage(
  entry: PackageEntry,
  copies: DuplicateIndex<Place>,
  directory: string,
  cacheDir: string,
  { limits = DEFAULT_ARCHIVE_LIMITS, ...options }: FetchCorpusOptions,
): Promise<LockedRepository> {
  const { signal } = options;
  const archive = await fetchArchive(entry, { ...archiveOptions(cacheDir, options), signal });
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
  { signal }: FetchCorpusOptions,
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

function withoutHashes({ contentHashes: _, ...repository }: LockedRepository): CorpusRepository {
  return repository;
}
