import { closeSync } from 'node:fs';
import { openRegularFile, type OpenFile } from './regular-file.js';

/**
 * Files kept open for reading, at most `maxOpen` of them; the least recently used is closed first.
 * A file that is deleted while open stays readable, so a concurrent repack does no harm.
 */
export class FilePool {
  private readonly open = new Map<string, OpenFile>();

  private closed = false;

  constructor(private readonly maxOpen: number) {}

  /** Undefined when there is no such regular file (any more). */
  get(path: string): OpenFile | undefined {
    const known = this.open.get(path);
    if (known) {
      this.open.delete(path);
      this.open.set(path, known);
      return known;
    }
    // A read that was under way when the pool was closed opens nothing any more.
    const file = this.closed ? undefined : openRegularFile(path);
    if (!file) return undefined;
    for (const oldest of this.open.keys()) {
      if (this.open.size < this.maxOpen) break;
      this.forget(oldest);
    }
    this.open.set(path, file);
    return file;
  }

  forget(path: string): void {
    const file = this.open.get(path);
    if (!file) return;
    this.open.delete(path);
    closeSync(file.fd);
  }

  get size(): number {
    return this.open.size;
  }

  close(): void {
    this.closed = true;
    for (const path of [...this.open.keys()]) this.forget(path);
  }
}
