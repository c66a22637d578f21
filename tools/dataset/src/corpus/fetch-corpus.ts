import { mkdir, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { tryLock } from '../files/work-lock.js';
import type { Split } from '../record.js';
import { DEFAULT_ARCHIVE_LIMITS, type ArchiveLimits } from './archive/archive.js';
import { buildRepositories } from './build-repositories.js';
import { corpusKey, readCorpusLock, writeCorpusLock, type LockedRepository } from './corpus-lock.js';
import type { CorpusRepository } from './corpus-repository.js';
import { fetchArchives } from './fetch/fetch-archives.js';
import type { CorpusEntry, CorpusManifest } from './manifest.js';
import { STAGING_PREFIX } from './safe-name.js';
import { headOf } from './write-repository.js';

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
    await removeLeftovers(directory);
    const entries = inPrecedence(manifest.entries, wanted);
    const repositories = await fetchAndBuild(entries, directory, cacheDir, options);
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

async function fetchAndBuild(
  entries: readonly CorpusEntry[],
  directory: string,
  cacheDir: string,
  options: FetchCorpusOptions,
): Promise<LockedRepository[]> {
  const {
    env,
    signal,
    timeoutMs = DEFAULT_TIMEOUT_MS,
    limits = DEFAULT_ARCHIVE_LIMITS,
    onProgress,
  } = options;
  const archives = {
    directory: join(cacheDir, 'archives'),
    staging: directory,
    timeoutMs,
    signal,
    ...(env && { env }),
  };
  const packages = entries.filter((entry) => entry.source === 'package');
  const reporter =
    (phase: CorpusProgress['phase'], total: number) =>
    ({ name }: CorpusEntry, done: number) =>
      onProgress?.({ phase, name, done, total });
  await fetchArchives(packages, archives, reporter('fetch', packages.length));
  const onBuilt = reporter('build', entries.length);
  return buildRepositories(entries, { directory, limits, archives, signal, onBuilt });
}

/** What a killed process left half-made; nobody else works here now. */
async function removeLeftovers(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(STAGING_PREFIX)) await rm(join(directory, name), { recursive: true, force: true });
  }
}

function withoutHashes({ contentHashes: _, ...repository }: LockedRepository): CorpusRepository {
  return repository;
}
