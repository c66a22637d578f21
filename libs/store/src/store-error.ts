import { statfsSync } from 'node:fs';
import { AppError } from '@repoformer/domain';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'MDB_MAP_FULL']);
const DENIED = new Set(['EACCES', 'EPERM', 'EROFS']);
const DAMAGED = new Set(['MDB_CORRUPTED', 'MDB_PAGE_NOTFOUND', 'MDB_INVALID', 'MDB_PANIC', 'MDB_BAD_TXN']);

/** System codes by number: LMDB reports the operating system's errors as bare numbers. */
const ERRNO: Readonly<Record<number, string>> = {
  1: 'EPERM',
  5: 'EIO',
  12: 'ENOMEM',
  13: 'EACCES',
  27: 'EFBIG',
  28: 'ENOSPC',
  30: 'EROFS',
  122: 'EDQUOT',
};

/** The symbolic code of an error of the file system or of LMDB; empty when it has none. */
function codeOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : '';
  const fromText = /^(MDB_[A-Z_]+)/.exec(text)?.[1];
  if (fromText) return fromText;
  if (typeof code === 'string') return code;
  if (typeof code === 'number' && ERRNO[Math.abs(code)]) return ERRNO[Math.abs(code)]!;
  if (/no space left/i.test(text)) return 'ENOSPC';
  if (/file too large/i.test(text)) return 'EFBIG';
  if (/permission denied/i.test(text)) return 'EACCES';
  return '';
}

/** Whether LMDB found its own file damaged: the store has to be set aside and built anew. */
export function isDamage(error: unknown): boolean {
  return DAMAGED.has(codeOf(error));
}

/** LMDB reports a write that was cut short, which is what a full disk gives, as an input/output error. */
function isAlmostFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < 64 * 1024 * 1024;
  } catch {
    return false;
  }
}

/** Turns an error of LMDB or of the file system into the project's own; an AppError passes as it is. */
export function toStoreError(error: unknown, directory: string): AppError {
  if (error instanceof AppError) return error;
  const code = codeOf(error);
  const isFull = FULL.has(code) || (code === 'EIO' && isAlmostFull(directory));
  const meta = { directory, ...(code && { code }) };
  const base = { reason: 'STORE_UNAVAILABLE', meta, cause: error } as const;
  if (isFull) {
    return new AppError({
      ...base,
      kind: 'resource_exhausted',
      message: `the index cannot grow in ${directory} (${code}): free disk space there, or choose another data directory`,
    });
  }
  if (DENIED.has(code)) {
    return new AppError({
      ...base,
      kind: 'unavailable',
      message: `the index directory ${directory} is not writable (${code}): give this user read and write access`,
    });
  }
  if (DAMAGED.has(code)) {
    return new AppError({
      ...base,
      kind: 'unavailable',
      message: `the index in ${directory} is damaged (${code}): it is built anew at the next start`,
    });
  }
  return new AppError({
    ...base,
    kind: 'unavailable',
    message: `the index in ${directory} cannot be read or written${code ? ` (${code})` : ''}: the disk may be failing, or a limit be reached`,
  });
}
