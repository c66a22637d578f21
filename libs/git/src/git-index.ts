import { CorruptObject } from './object-errors.js';

/** A file as git's index has it: what it held when git last looked, and by what git recognises it. */
export interface IndexedFile {
  readonly kind: 'file' | 'link' | 'submodule';
  readonly oid: string;
  readonly modifiedSeconds: number;
  /** 0 where git did not note it. */
  readonly modifiedNanoseconds: number;
  /** The size, modulo 2^32. */
  readonly sizeBytes: number;
  /** Whether git looks for it in the working tree: not if it is left out, or is to be taken as unchanged. */
  readonly isCheckedOut: boolean;
  /** Whether a sparse checkout leaves it out (or `git update-index --skip-worktree` says so). */
  readonly isLeftOut: boolean;
  /** Whether it is known to git by name alone (`git add --intent-to-add`), or there is more than one version (conflict). */
  readonly isUnsettled: boolean;
}

const HEADER_BYTES = 12;
/** Stat data, oid and flags, before the path. */
const FIXED_BYTES = 62;
const CHECKSUM_BYTES = 20;

const EXTENDED = 0x4000;
const STAGE = 0x3000;
const ASSUME_UNCHANGED = 0x8000;
const SKIP_WORKTREE = 0x4000;
const INTENT_TO_ADD = 0x2000;
const FORMAT = 0o170000;
const KINDS: Readonly<Record<number, IndexedFile['kind']>> = { 0o120000: 'link', 0o160000: 'submodule' };

/**
 * The files of git's index (versions 2 to 4) by path, in Latin-1. Undefined for one that says nothing on its
 * own: split in two, or of whole directories.
 * @throws CorruptObject when the bytes are no index.
 */
export function parseGitIndex(data: Buffer): Map<string, IndexedFile> | undefined {
  if (data.length < HEADER_BYTES + CHECKSUM_BYTES || data.toString('latin1', 0, 4) !== 'DIRC')
    throw new CorruptObject('it is no index');
  const version = data.readUInt32BE(4);
  if (version < 2 || version > 4) throw new CorruptObject(`index version ${version} is not known`);
  const end = data.length - CHECKSUM_BYTES;
  const files = new Map<string, IndexedFile>();
  let at = HEADER_BYTES;
  let former = '';
  for (let left = data.readUInt32BE(8); left > 0; left--) {
    if (at + FIXED_BYTES > end) throw new CorruptObject('the index is cut off');
    const start = at;
    const mode = data.readUInt32BE(at + 24);
    const flags = data.readUInt16BE(at + 60);
    const isExtended = version >= 3 && (flags & EXTENDED) !== 0;
    const more = isExtended ? data.readUInt16BE(at + 62) : 0;
    at += FIXED_BYTES + (isExtended ? 2 : 0);
    let kept = '';
    if (version === 4) {
      const dropped = readDropped(data, at, end);
      kept = former.slice(0, Math.max(0, former.length - dropped.value));
      at = dropped.end;
    }
    const pathEnd = data.indexOf(0, at);
    if (pathEnd < 0 || pathEnd > end) throw new CorruptObject('the index is cut off');
    const path = kept + data.toString('latin1', at, pathEnd);
    former = path;
    // Padded with one to eight NULs, but for version 4.
    at = version === 4 ? pathEnd + 1 : start + Math.ceil((pathEnd + 1 - start) / 8) * 8;
    files.set(path, {
      kind: KINDS[mode & FORMAT] ?? 'file',
      oid: data.toString('hex', start + 40, start + 60),
      modifiedSeconds: data.readUInt32BE(start + 8),
      modifiedNanoseconds: data.readUInt32BE(start + 12),
      sizeBytes: data.readUInt32BE(start + 36),
      isCheckedOut: (more & SKIP_WORKTREE) === 0 && (flags & ASSUME_UNCHANGED) === 0,
      isLeftOut: (more & SKIP_WORKTREE) !== 0 && (flags & ASSUME_UNCHANGED) === 0,
      isUnsettled: (more & INTENT_TO_ADD) !== 0 || (flags & STAGE) !== 0,
    });
  }
  return hasExtension(data, at, end, ['link', 'sdir']) ? undefined : files;
}

/** How many bytes of the path before are not a part of this one, in git's offset encoding. */
function readDropped(data: Buffer, start: number, limit: number): { value: number; end: number } {
  let at = start;
  let byte = data[at++]!;
  let value = byte & 0x7f;
  while (byte & 0x80) {
    if (at >= limit || value > 2 ** 31) throw new CorruptObject('the index is damaged');
    byte = data[at++]!;
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, end: at };
}

function hasExtension(data: Buffer, start: number, end: number, names: readonly string[]): boolean {
  for (let at = start; at + 8 <= end; at += 8 + data.readUInt32BE(at + 4)) {
    if (names.includes(data.toString('latin1', at, at + 4))) return true;
  }
  return false;
}
