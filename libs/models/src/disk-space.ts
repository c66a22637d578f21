import { mkdir, statfs } from 'node:fs/promises';
import { AppError } from '@repoformer/domain';

/** Left free on the disk. */
const SPARE_BYTES = 64 * 1024 * 1024;

/**
 * Whether a directory, which is made, has room for so many bytes and some to spare.
 *
 * @param what that needs them, for people
 * @throws AppError resource_exhausted/MODEL_DOWNLOAD_FAILED saying how much is lacking
 */
export async function checkSpace(directory: string, sizeBytes: number, what: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const neededBytes = sizeBytes + SPARE_BYTES;
  const { bavail, bsize } = await statfs(directory);
  const freeBytes = bavail * bsize;
  if (freeBytes >= neededBytes) return;
  const mb = (bytes: number) => `${Math.ceil(bytes / 1e6)} MB`;
  throw new AppError({
    kind: 'resource_exhausted',
    reason: 'MODEL_DOWNLOAD_FAILED',
    message: `${what} needs ${mb(neededBytes)} of disk in ${directory}; ${mb(freeBytes)} are free`,
    meta: { neededBytes: String(neededBytes), freeBytes: String(freeBytes) },
  });
}
