import { open, readFile, rm, type FileHandle } from 'node:fs/promises';
import { writeWhole } from './durable-file.js';
import { fileError } from './file-error.js';

/** What tells whether the rest of a file still belongs to its beginning. */
export interface PartialOrigin {
  readonly url: string;
  readonly etag: string;
}

/**
 * The beginning of a file that is being downloaded, at `<path>.part`, and where it came from. Every source
 * delivers the same bytes, so a download begun from one can be finished from another; the SHA-256 of the whole
 * decides.
 */
export class PartialFile {
  readonly path: string;
  readonly #file: FileHandle;
  #sizeBytes: number;

  private constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.path = path;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** Opens what an earlier attempt left; what exceeds the limit cannot be part of the file and is dropped. */
  static async open(path: string, limitBytes: number): Promise<PartialFile> {
    const part = partPath(path);
    try {
      const file = await open(part, 'a', 0o644);
      const { size } = await file.stat();
      const partial = new PartialFile(part, file, size);
      if (size > limitBytes) await partial.truncate(0);
      return partial;
    } catch (cause) {
      throw fileError(`download ${part}`, cause);
    }
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.appendFile(bytes);
    } catch (cause) {
      this.#sizeBytes = (await this.#file.stat()).size;
      throw fileError(`download ${this.path}`, cause);
    }
    this.#sizeBytes += bytes.length;
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#file.truncate(sizeBytes);
    this.#sizeBytes = sizeBytes;
  }

  async origin(): Promise<PartialOrigin | undefined> {
    try {
      const value = JSON.parse(await readFile(`${this.path}.json`, 'utf8')) as Partial<PartialOrigin> | null;
      return typeof value?.url === 'string' && typeof value.etag === 'string'
        ? { url: value.url, etag: value.etag }
        : undefined;
    } catch {
      return undefined;
    }
  }

  async setOrigin(origin: PartialOrigin | undefined): Promise<void> {
    if (origin === undefined) await rm(`${this.path}.json`, { force: true });
    else await writeWhole(`${this.path}.json`, JSON.stringify(origin));
  }

  /** Everything written is on the disk when this resolves. */
  async sync(): Promise<void> {
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

export function partPath(path: string): string {
  return `${path}.part`;
}

/** Removes what a download left. */
export async function removePartial(path: string): Promise<void> {
  await rm(partPath(path), { force: true });
  await rm(`${partPath(path)}.json`, { force: true });
}
