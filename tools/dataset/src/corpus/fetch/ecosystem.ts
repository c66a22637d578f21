import type { ArchiveContent, ArchiveLimits } from '../archive/archive.js';
import type { PackageEntry } from '../manifest.js';

export interface FetchOptions {
  /** An empty folder of our own: the client runs and writes there. */
  readonly directory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One registry's packages: how its ordinary client brings them, and what an archive of it is. */
export interface EcosystemRow {
  /** Has the client download the entry's archive. @returns its path @throws AppError */
  fetch(entry: PackageEntry, options: FetchOptions): Promise<string>;
  /** The archive's checksum, as manifests write it. */
  checksum(archive: Buffer): string;
  /** Its files, without the folder that archives of this kind wrap around them. @throws ArchiveError */
  read(archive: Buffer, limits: ArchiveLimits, entry: PackageEntry): ArchiveContent;
}
