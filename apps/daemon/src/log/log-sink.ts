import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** Takes finished log lines. Writing never throws: a full disk must not stop the daemon. */
export interface LogSink {
  write(line: string): void;
}

/** Lines to standard error; dropped once nobody reads them. */
export const stderrSink: LogSink = {
  write(line) {
    try {
      writeSync(2, line);
    } catch {
      // EPIPE after the starter has gone, EAGAIN when a pipe is full.
    }
  },
};

export interface RotatingFileOptions {
  /** Size in bytes beyond which a new file is begun. */
  readonly maxBytes: number;
  /** Files kept besides the current one, as `<path>.1` (newest) to `<path>.<keep>`. */
  readonly keep: number;
}

/** Appends lines to a file that only this user can read, and begins a new one when it has grown too large. */
export class RotatingFile implements LogSink {
  readonly #path: string;
  readonly #options: RotatingFileOptions;
  #descriptor: number | undefined;
  #sizeBytes = 0;

  constructor(path: string, options: RotatingFileOptions) {
    this.#path = path;
    this.#options = options;
  }

  write(line: string): void {
    try {
      this.append(line);
    } catch {
      this.close();
    }
  }

  /** As `write`, but throws what the file system throws. */
  append(line: string): void {
    const bytes = Buffer.byteLength(line);
    const descriptor = this.#open();
    if (this.#sizeBytes > 0 && this.#sizeBytes + bytes > this.#options.maxBytes) {
      this.close();
      this.#rotate();
      this.append(line);
      return;
    }
    writeSync(descriptor, line);
    this.#sizeBytes += bytes;
  }

  close(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch {
      // It was opened by us and is used by nobody else: there is nothing to do about it.
    }
  }

  #open(): number {
    if (this.#descriptor === undefined) {
      this.#descriptor = openSync(this.#path, 'a', 0o600);
      this.#sizeBytes = fstatSync(this.#descriptor).size;
    }
    return this.#descriptor;
  }

  #rotate(): void {
    for (let age = this.#options.keep; age >= 1; age -= 1) {
      const from = age === 1 ? this.#path : `${this.#path}.${age - 1}`;
      try {
        renameSync(from, `${this.#path}.${age}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  }
}
