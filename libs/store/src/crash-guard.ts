import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Starts in a row that ended in the death of the process before the store is given up. */
const MAX_FAILED_STARTS = 3;
/** A process that lived this long with the store open did not die of it. */
const SETTLED_AFTER_MS = 30_000;

/**
 * Keeps a store whose damage kills the process (LMDB reads memory-mapped pages) from killing every later start
 * too: counts the starts that neither wrote, closed, nor lived for half a minute.
 */
export class CrashGuard {
  readonly #path: string;
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: string) {
    this.#path = join(directory, 'starting');
  }

  /** Notes a start; true when those before it failed too often. */
  enter(): boolean {
    const failed = this.#read();
    writeFileSync(this.#path, String(failed + 1), { mode: 0o600 });
    this.#timer = setTimeout(() => this.settle(), SETTLED_AFTER_MS);
    this.#timer.unref();
    return failed >= MAX_FAILED_STARTS;
  }

  /** The store has proved usable. */
  settle(): void {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    rmSync(this.#path, { force: true });
  }

  /** The store is known to be damaged: the next start sets it aside. */
  condemn(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    writeFileSync(this.#path, String(MAX_FAILED_STARTS), { mode: 0o600 });
  }

  #read(): number {
    try {
      return Number.parseInt(readFileSync(this.#path, 'utf8'), 10) || 0;
    } catch {
      return 0;
    }
  }
}
