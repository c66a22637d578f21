import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { throwIfAborted } from '@repoformer/domain';
import { fileError } from './file-error.js';

const BLOCK_BYTES = 1024 * 1024;

export interface DigestOptions {
  readonly signal?: AbortSignal;
  /** Called after each block with the bytes read so far. */
  readonly onBytes?: (doneBytes: number) => void;
}

/**
 * SHA-256 of a whole file, lower-case hex.
 *
 * @throws AppError not_found or permission_denied/MODEL_NOT_FOUND; cancelled.
 */
export async function digestFile(path: string, options: DigestOptions = {}): Promise<string> {
  throwIfAborted(options.signal);
  const hash = createHash('sha256');
  try {
    const file = await open(path, 'r');
    try {
      const block = Buffer.allocUnsafe(BLOCK_BYTES);
      for (let done = 0; ;) {
        throwIfAborted(options.signal);
        const { bytesRead } = await file.read(block, 0, block.length, done);
        if (bytesRead === 0) return hash.digest('hex');
        hash.update(block.subarray(0, bytesRead));
        done += bytesRead;
        options.onBytes?.(done);
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw fileError(`model file ${path}`, cause);
  }
}
