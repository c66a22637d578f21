import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '@repoformer/domain';

/** Writes a file so that it is either whole or as it was before. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const partial = `${path}.${process.pid}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(partial, text);
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => undefined);
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new AppError({
      kind: code === 'ENOSPC' ? 'resource_exhausted' : 'unavailable',
      reason: 'STORE_UNAVAILABLE',
      message: `${path}: cannot be written (${code}); free some space or name another place`,
      cause,
    });
  }
}
