import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@repoformer/domain';
import { safeName, STAGING_PREFIX } from '../safe-name.js';
import type { PackageEntry } from '../manifest.js';
import { ECOSYSTEM_TABLE } from './ecosystem-table.js';

export interface FetchArchiveOptions {
  /** Archives are kept here. */
  readonly directory: string;
  /** A folder of the same file system, where clients get a folder of their own that is removed afterwards. */
  readonly staging: string;
  readonly env?: NodeJS.ProcessEnv;
  /** For one package. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * An entry's archive: from the cache when it is there whole, else from its registry's client. Its checksum is
 * that of the manifest in either case.
 *
 * @throws AppError data_loss when the checksum differs; as the clients throw
 */
export async function fetchArchive(entry: PackageEntry, options: FetchArchiveOptions): Promise<Buffer> {
  const { directory, env = process.env, timeoutMs, signal } = options;
  const row = ECOSYSTEM_TABLE[entry.ecosystem];
  const cached = join(directory, `${safeName(entry.name)}${entry.kind === 'sdist' ? '.sdist' : ''}.archive`);
  const present = await readFile(cached).catch(() => undefined);
  if (present && matches(row.checksum, present, entry)) return present;
  await mkdir(directory, { recursive: true });
  const staging = await mkdtemp(join(options.staging, STAGING_PREFIX));
  try {
    const path = await row.fetch(entry, { directory: staging, env, timeoutMs, signal });
    const archive = await readFile(path);
    if (!matches(row.checksum, archive, entry)) throw checksumMismatch(entry);
    const partial = join(staging, 'archive.partial');
    await writeFile(partial, archive);
    await rename(partial, cached);
    return archive;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function matches(checksum: (archive: Buffer) => string, archive: Buffer, entry: PackageEntry): boolean {
  try {
    return checksum(archive) === entry.sha256;
  } catch {
    // An archive that cannot be read has no checksum of its kind.
    return false;
  }
}

function checksumMismatch(entry: PackageEntry): AppError {
  return new AppError({
    kind: 'data_loss',
    reason: 'CONFIG_INVALID',
    message: `${entry.name}: what the registry sent does not have the checksum of the manifest; it was not unpacked. Check the pin ("sha256") or the registry`,
    meta: { name: entry.name },
  });
}
