/** A regular file of an archive. */
export interface ArchiveFile {
  /** As in the archive: forward slashes, not yet judged safe. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What an archive holds besides what is said of it. */
export interface ArchiveContent {
  readonly files: readonly ArchiveFile[];
  /** Links and devices, which are never followed. */
  readonly links: number;
  /** Files that were left out for their size; their content was never held. */
  readonly tooLarge: number;
}

/** Bounds on what an archive may make of this machine. Beyond them it is refused. */
export interface ArchiveLimits {
  readonly maxFiles: number;
  /** Of all files together, unpacked. */
  readonly maxTotalBytes: number;
  /** Larger files are left out and counted. */
  readonly maxFileBytes: number;
}

export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  maxFiles: 50_000,
  maxTotalBytes: 512 * 1024 * 1024,
  maxFileBytes: 4 * 1024 * 1024,
};

/** An archive that cannot be read or breaks a limit. The message is for people and holds nothing of it. */
export class ArchiveError extends Error {}
