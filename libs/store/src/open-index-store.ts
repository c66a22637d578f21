import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { CrashGuard } from './crash-guard.js';
import { inspectDatabaseFile } from './database-file.js';
import { hashFormatOptions, type FormatOptions } from './index-options.js';
import { LmdbIndexStore, type LmdbIndexStoreParts } from './lmdb-index-store.js';
import { lockDirectory } from './lock-file.js';
import { SnapshotFolder } from './snapshot-folder.js';
import { readRegistry, writeRegistry, type RegisteredRepository } from './registry-file.js';
import { isDamage, toStoreError } from './store-error.js';

/** Version of keys and values on disk; every incompatible change raises it. */
export const STORE_FORMAT_VERSION = 1;

const DATABASE = 'index.mdb';

/** What was found in the directory. All but `equal` lead to an empty store with the repositories still registered. */
export type StoreState = 'missing' | 'corrupt' | 'version_mismatch' | 'options_mismatch' | 'equal';

export interface StoreNotice {
  readonly state: StoreState;
  /** For people: what was found and what was done about it. */
  readonly message: string;
  /** Name, within the directory, that the former database was given. */
  readonly setAside?: string;
}

export interface OpenIndexStoreOptions {
  /** Absolute; created with mode 0700 when absent. */
  readonly directory: string;
  readonly formatOptions: FormatOptions;
  /** Told once when the directory held anything but a usable store. */
  readonly onNotice?: (notice: StoreNotice) => void;
}

/**
 * Opens the index for this process alone. A store that is damaged, or was written by another format version or
 * with other options, is set aside and an empty one started; registered repositories are kept.
 *
 * @throws AppError failed_precondition/STORE_IN_USE, unavailable or resource_exhausted/STORE_UNAVAILABLE.
 */
export async function openIndexStore(options: OpenIndexStoreOptions): Promise<LmdbIndexStore> {
  const { directory } = options;
  let unlock: (() => void) | undefined;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    unlock = lockDirectory(directory);
    return await openLocked(options, unlock);
  } catch (error) {
    unlock?.();
    throw toStoreError(error, directory);
  }
}

async function openLocked(options: OpenIndexStoreOptions, unlock: () => void): Promise<LmdbIndexStore> {
  const { directory } = options;
  const guard = new CrashGuard(directory);
  const isCondemned = guard.enter();
  // LMDB's own lock file only serves several processes; a damaged one is fatal, so each start makes a new one.
  rmSync(join(directory, `${DATABASE}-lock`), { force: true });

  const onDisk = inspectDatabaseFile(join(directory, DATABASE));
  let state: StoreState = onDisk === 'plausible' && !isCondemned ? 'equal' : 'corrupt';
  if (onDisk === 'missing') state = 'missing';
  let parts: LmdbIndexStoreParts | undefined;
  if (state === 'equal') {
    const found = await tryOpen(options, guard, unlock);
    parts = found.parts;
    state = found.state;
  }
  const registered = readRegistry(directory);
  let setAside: string | undefined;
  if (!parts) {
    if (onDisk !== 'missing') setAside = moveAside(directory, state);
    parts = openDatabases(options, guard, unlock);
    parts.snapshots.clear();
    initialise(parts, options.formatOptions, registered);
  }
  const notice = describe(state, registered.length, setAside);
  if (notice) options.onNotice?.(notice);
  if (state === 'equal') writeRegistry(directory, registryOf(parts));
  return new LmdbIndexStore(parts);
}

async function tryOpen(
  options: OpenIndexStoreOptions,
  guard: CrashGuard,
  unlock: () => void,
): Promise<{ state: StoreState; parts?: LmdbIndexStoreParts }> {
  let parts: LmdbIndexStoreParts | undefined;
  try {
    parts = openDatabases(options, guard, unlock);
    const state = compareFormat(parts, options.formatOptions);
    if (state === 'equal') return { state, parts };
    if (state !== 'corrupt') writeRegistry(options.directory, registryOf(parts));
    await parts.environment.close();
    return { state };
  } catch (error) {
    await parts?.environment.close().catch(() => undefined);
    if (isDamage(error) || error instanceof SyntaxError) return { state: 'corrupt' };
    throw error;
  }
}

function openDatabases(
  { directory, formatOptions }: OpenIndexStoreOptions,
  guard: CrashGuard,
  unlock: () => void,
): LmdbIndexStoreParts {
  const environment: RootDatabase = open({
    path: join(directory, DATABASE),
    noSubdir: true,
    maxDbs: 8,
    // A commit resolves when it is on disk, not merely visible.
    overlappingSync: false,
    encoding: 'string',
  });
  const binary = { keyEncoding: 'binary', encoding: 'binary' } as const;
  return {
    directory,
    environment,
    repositories: environment.openDB<string, string>('repositories', { encoding: 'string' }),
    files: environment.openDB<Buffer, Buffer>('files', binary),
    artefacts: environment.openDB<Buffer, Buffer>('artefacts', binary),
    snapshots: new SnapshotFolder(join(directory, 'snapshots'), hashFormatOptions(formatOptions)),
    guard,
    unlock,
  };
}

function initialise(
  parts: LmdbIndexStoreParts,
  formatOptions: FormatOptions,
  registered: readonly RegisteredRepository[],
): void {
  const format = { version: STORE_FORMAT_VERSION, options: hashFormatOptions(formatOptions) };
  parts.environment.transactionSync(() => {
    parts.environment.putSync('format', JSON.stringify(format));
    for (const repository of registered) {
      parts.repositories.putSync(repository.id, JSON.stringify(repository));
    }
  });
}

function compareFormat(parts: LmdbIndexStoreParts, formatOptions: FormatOptions): StoreState {
  const text = parts.environment.get('format') as string | undefined;
  if (text === undefined) return 'corrupt';
  const found = JSON.parse(text) as { version?: unknown; options?: unknown };
  if (found.version !== STORE_FORMAT_VERSION) return 'version_mismatch';
  return found.options === hashFormatOptions(formatOptions) ? 'equal' : 'options_mismatch';
}

function registryOf(parts: LmdbIndexStoreParts): RegisteredRepository[] {
  return Array.from(
    parts.repositories.getRange({}),
    ({ value }) => JSON.parse(value) as RegisteredRepository,
  );
}

/** Renames the database, keeping only this one of those set aside before. */
function moveAside(directory: string, state: StoreState): string {
  for (const name of readdirSync(directory)) {
    if (/^index\..+\.aside\.mdb$/.test(name)) rmSync(join(directory, name), { force: true, recursive: true });
  }
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const name = `index.${stamp}.${state}.aside.mdb`;
  renameSync(join(directory, DATABASE), join(directory, name));
  rmSync(join(directory, `${DATABASE}-lock`), { force: true });
  return name;
}

function describe(state: StoreState, registered: number, setAside?: string): StoreNotice | undefined {
  const rest = `${registered} registered ${registered === 1 ? 'repository' : 'repositories'} kept, to be indexed anew`;
  const aside = setAside ? { setAside } : {};
  switch (state) {
    case 'equal':
      return undefined;
    case 'missing':
      return registered > 0 ? { state, message: `no index found; ${rest}` } : undefined;
    case 'corrupt':
      return { state, message: `the index was damaged and is set aside as ${setAside}; ${rest}`, ...aside };
    case 'version_mismatch':
      return { state, message: `the index has another format version; ${rest}`, ...aside };
    case 'options_mismatch':
      return { state, message: `the index was built with other options; ${rest}`, ...aside };
  }
}
