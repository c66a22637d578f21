import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeWhole } from './durable-file.js';
import { digestFile, type DigestOptions } from './file-digest.js';
import { fileError } from './file-error.js';

interface Record {
  readonly path: string;
  readonly stamp: string;
  readonly sha256: string;
}

/**
 * Remembers the SHA-256 of files, so that starting the daemon does not read half a gigabyte each time. A record
 * holds while size, time of modification (nanoseconds) and inode are those of the file that was hashed.
 */
export class VerificationCache {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * SHA-256 of a file, from the record where one holds.
   *
   * @param options.fresh reads the whole file whatever the record says, and renews it.
   * @throws AppError not_found or permission_denied/MODEL_NOT_FOUND; cancelled.
   */
  async digest(
    path: string,
    options: DigestOptions & { readonly fresh?: boolean | undefined } = {},
  ): Promise<string> {
    const absolute = resolve(path);
    const before = await stampOf(absolute);
    if (!options.fresh) {
      const record = await this.#read(absolute);
      if (record?.stamp === before) return record.sha256;
    }
    const sha256 = await digestFile(absolute, options);
    // A file that changed under the hash gets no record.
    if ((await stampOf(absolute)) === before) await this.#write({ path: absolute, stamp: before, sha256 });
    return sha256;
  }

  /** Records a SHA-256 that was computed by other means, of a file that has not changed since. */
  async remember(path: string, sha256: string): Promise<void> {
    const absolute = resolve(path);
    await this.#write({ path: absolute, stamp: await stampOf(absolute), sha256 });
  }

  #recordPath(path: string): string {
    return join(this.#directory, `${createHash('sha256').update(path).digest('hex').slice(0, 32)}.json`);
  }

  async #read(path: string): Promise<Record | undefined> {
    try {
      const record = JSON.parse(await readFile(this.#recordPath(path), 'utf8')) as Partial<Record> | null;
      return record?.path === path && typeof record.sha256 === 'string' ? (record as Record) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Not being able to remember (a read-only disk) costs time, not correctness. */
  async #write(record: Record): Promise<void> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeWhole(this.#recordPath(record.path), JSON.stringify(record));
    } catch {
      return;
    }
  }
}

async function stampOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ino } = await stat(path, { bigint: true });
    return `${size}:${mtimeNs}:${ino}`;
  } catch (cause) {
    throw fileError(`model file ${path}`, cause);
  }
}
