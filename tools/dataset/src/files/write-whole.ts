import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './jsonl.js';

/**
 * Writes a file so that it is either whole or as it was before, also when the machine fails. Makes its folder.
 *
 * @throws AppError resource_exhausted when the disk is full; permission_denied or unavailable otherwise
 */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  try {
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(partial, 'w');
    try {
      await handle.writeFile(content);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw fileError(path, error);
  }
}

/** Writes a file as {@link writeWhole} does, unless it holds this text already. @throws AppError as that does */
export async function writeChanged(path: string, text: string): Promise<void> {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present !== text) await writeWhole(path, text);
}
