import { mkdirSync, rmSync } from 'node:fs';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

const VERSION = 1;
/** Length and CRC-32 of a section, little-endian, stand before it. */
const SECTION_HEADER_BYTES = 8;
/** In place of a length: the end; the number of sections follows. */
const END = 0xffffffff;

/** Saved search indexes, a file for each repository. What is not whole counts as not there. */
export class SnapshotFolder {
  readonly #directory: string;
  readonly #title: Buffer;

  /** @param optionsHash of the options that what is saved depends on: what others wrote is not read */
  constructor(directory: string, optionsHash: string) {
    this.#directory = directory;
    this.#title = Buffer.from(`repoformer snapshot ${VERSION} ${optionsHash}\n`.padEnd(64));
  }

  /** The sections, each in memory of its own; undefined when there is no file, or it is damaged or of other options. */
  async read(id: string): Promise<Uint8Array[] | undefined> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#path(id), 'r');
      return await readSections(file, this.#title);
    } catch {
      return undefined;
    } finally {
      await file?.close();
    }
  }

  /** Replaces the file as a whole; when it fails, the former one stays. */
  async write(id: string, sections: Iterable<Uint8Array>): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const path = this.#path(id);
    const partial = `${path}.partial`;
    try {
      const file = await open(partial, 'w', 0o600);
      try {
        await writeSections(file, this.#title, sections);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(partial, path);
    } catch (error) {
      await rm(partial, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
    // What a write left that was cut off.
    await rm(`${this.#path(id)}.partial`, { force: true });
  }

  clear(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.bin`);
  }
}

async function writeSections(file: FileHandle, title: Buffer, sections: Iterable<Uint8Array>): Promise<void> {
  await file.write(title);
  let count = 0;
  for (const section of sections) {
    await file.write(pairOf(section.length, crc32(section)));
    for (let at = 0; at < section.length;) at += (await file.write(section, at)).bytesWritten;
    count++;
  }
  await file.write(pairOf(END, count));
}

async function readSections(file: FileHandle, title: Buffer): Promise<Uint8Array[] | undefined> {
  const { size } = await file.stat();
  const found = await take(file, title.length);
  if (!found || !title.equals(found)) return undefined;
  const sections: Uint8Array[] = [];
  let left = size - title.length;
  for (;;) {
    const header = await take(file, SECTION_HEADER_BYTES);
    if (!header) return undefined;
    left -= header.length;
    const length = header.readUInt32LE(0);
    const sum = header.readUInt32LE(4);
    if (length === END) return sum === sections.length && left === 0 ? sections : undefined;
    if (length > left) return undefined;
    const section = await take(file, length);
    if (!section || crc32(section) !== sum) return undefined;
    left -= length;
    sections.push(new Uint8Array(section.buffer));
  }
}

/** The next bytes, in a buffer of their own; undefined when there are not so many. */
async function take(file: FileHandle, length: number): Promise<Buffer | undefined> {
  const bytes = Buffer.from(new ArrayBuffer(length));
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at);
    if (bytesRead === 0) return undefined;
    at += bytesRead;
  }
  return bytes;
}

function pairOf(first: number, second: number): Buffer {
  const bytes = Buffer.alloc(SECTION_HEADER_BYTES);
  bytes.writeUInt32LE(first, 0);
  bytes.writeUInt32LE(second, 4);
  return bytes;
}
