import { AppError } from '@repoformer/domain';
import { ArchiveError, type ArchiveContent, type ArchiveLimits } from './archive/archive.js';
import { ECOSYSTEM_TABLE } from './fetch/ecosystem-table.js';
import { judgeFile, type DropReason } from './filter/judge-file.js';
import type { PackageEntry } from './manifest.js';

/** A file of a package that passed the rules. */
export interface PreparedFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Of source files: what duplicates are looked for by. */
  readonly text?: string;
  /** Stays on disk even as a duplicate, since the manifest asks for it. */
  readonly isAsked: boolean;
}

export interface PreparedEntry {
  /** Sorted by path. */
  readonly files: readonly PreparedFile[];
  readonly dropped: Partial<Record<DropReason, number>>;
}

/** The files of a package's archive that the rules keep. @throws AppError data_loss when it cannot be read */
export function prepareEntry(entry: PackageEntry, archive: Buffer, limits: ArchiveLimits): PreparedEntry {
  const content = readArchive(entry, archive, limits);
  const dropped: Partial<Record<DropReason, number>> = {};
  const drop = (reason: DropReason, count = 1) => {
    if (count > 0) dropped[reason] = (dropped[reason] ?? 0) + count;
  };
  drop('link', content.links);
  drop('too_large', content.tooLarge);
  const files = new Map<string, PreparedFile>();
  for (const { path, bytes } of content.files) {
    const judged = judgeFile(path, bytes, entry);
    if ('dropped' in judged) drop(judged.dropped);
    // Of names that some file systems take for one, the first stays.
    else if (files.has(path.toLowerCase())) drop('unsafe_path');
    else {
      const isAsked = entry.keep.some((folder) => path === folder || path.startsWith(`${folder}/`));
      const text = judged.kept === 'source' ? { text: judged.text } : {};
      files.set(path.toLowerCase(), { path, bytes, isAsked, ...text });
    }
  }
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files: withoutClashes(sorted, drop), dropped };
}

/** Leaves out files whose path is another file's folder, which no file system holds. */
function withoutClashes(files: readonly PreparedFile[], drop: (reason: DropReason) => void): PreparedFile[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      folders.add(path.slice(0, slash).toLowerCase());
    }
  }
  return files.filter(({ path }) => {
    if (!folders.has(path.toLowerCase())) return true;
    drop('unsafe_path');
    return false;
  });
}

function readArchive(entry: PackageEntry, archive: Buffer, limits: ArchiveLimits): ArchiveContent {
  try {
    return ECOSYSTEM_TABLE[entry.ecosystem].read(archive, limits, entry);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    throw new AppError({
      kind: 'data_loss',
      reason: 'CONFIG_INVALID',
      message: `${entry.name}: its archive is refused: ${error.message}; take another package or version`,
      meta: { name: entry.name },
      cause: error,
    });
  }
}
