import type {
  BlobArtefact,
  FileEntry,
  IndexStore,
  RepositoryReader,
  WorkingEntry,
  WorkingTreeScan,
} from '@repoformer/domain';
import { admitPath } from '../admission/admission.js';
import type { TreeRules } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import { createArtefact, readContent } from './read-artefact.js';
import type { SearchableFiles } from './searchable-files.js';
import type { TimeSlice } from './time-slice.js';

export interface OverlayContext {
  readonly files: SearchableFiles;
  readonly rules: TreeRules;
  readonly store: IndexStore;
  readonly reader: RepositoryReader;
  readonly options: IndexOptions;
  readonly slice: TimeSlice;
  readonly signal: AbortSignal;
}

/**
 * The files of the working tree that are searched in place of the committed ones. They are put among the searchable
 * files, and only there: the store knows commits alone, so whatever compares commits has to {@link revert} first.
 */
export class WorkingTreeOverlay {
  /** What a commit has at the paths that are covered; undefined: nothing. */
  readonly #committed = new Map<string, FileEntry | undefined>();

  readonly #onLost: (path: string) => void;

  /** @param onLost told of a committed file whose artefact was lost meanwhile: it has to be read again */
  constructor(onLost: (path: string) => void) {
    this.#onLost = onLost;
  }

  /** Paths that are searched otherwise than committed. */
  get size(): number {
    return this.#committed.size;
  }

  /** Puts the committed files back. */
  revert(files: SearchableFiles, store: IndexStore): void {
    for (const path of [...this.#committed.keys()]) this.#restore(path, files, store);
  }

  /** Forgets what is covered, for files that are no longer used. */
  clear(): void {
    this.#committed.clear();
  }

  /** Makes the searchable files those of the working tree. Returns how many changed. */
  async apply(scan: WorkingTreeScan, context: OverlayContext): Promise<number> {
    const { files, slice, signal, store } = context;
    let changes = 0;
    for (const path of [...this.#committed.keys()]) {
      await slice.pause(signal);
      if (scan.files.has(path) || scan.deleted.has(path)) continue;
      this.#restore(path, files, store);
      changes++;
    }
    for (const path of scan.deleted) {
      await slice.pause(signal);
      if (files.get(path) === undefined) continue;
      this.#cover(path, files);
      files.remove(path);
      changes++;
    }
    for (const [path, entry] of scan.files) {
      await slice.pause(signal);
      if (await this.#applyOne(path, entry, context)) changes++;
    }
    return changes;
  }

  async #applyOne(path: string, entry: WorkingEntry, context: OverlayContext): Promise<boolean> {
    const { files, store } = context;
    const current = files.get(path);
    const committed = this.#committed.has(path) ? this.#committed.get(path) : current;
    if ('oid' in entry && entry.oid === committed?.oid) {
      if (!this.#committed.has(path)) return false;
      this.#restore(path, files, store);
      return true;
    }
    if ('oid' in entry ? entry.oid === current?.oid : isSkippedAs(current, entry.skip)) return false;
    const skip = admitPath(path, context.rules) ?? ('skip' in entry ? entry.skip : undefined);
    if (skip) {
      const oid = 'oid' in entry ? entry.oid : undefined;
      this.#cover(path, files);
      files.setSkipped(path, skip, oid);
      return true;
    }
    const { oid } = entry as { oid: string };
    let artefact: BlobArtefact | 'missing' | 'unreadable' | undefined;
    if (!files.hasBlob(oid)) {
      const content = await readContent(context.reader, oid, context.options.maxFileBytes);
      artefact = await createArtefact(content, context.options, context.slice, context.signal);
      // Changed again since it was looked at: the next look finds it.
      if (typeof artefact === 'string') return false;
    }
    this.#cover(path, files);
    files.setBlob(path, oid, () => artefact as BlobArtefact);
    return true;
  }

  #cover(path: string, files: SearchableFiles): void {
    if (!this.#committed.has(path)) this.#committed.set(path, files.get(path));
  }

  #restore(path: string, files: SearchableFiles, store: IndexStore): void {
    const entry = this.#committed.get(path);
    this.#committed.delete(path);
    if (entry === undefined) {
      files.remove(path);
    } else if ('skip' in entry) {
      files.setSkipped(path, entry.skip, entry.oid);
    } else {
      const artefact = files.hasBlob(entry.oid) ? undefined : store.artefact(entry.oid);
      if (!artefact && !files.hasBlob(entry.oid)) {
        files.setSkipped(path, 'unreadable', entry.oid);
        this.#onLost(path);
        return;
      }
      files.setBlob(path, entry.oid, () => artefact!);
    }
  }
}

function isSkippedAs(entry: FileEntry | undefined, skip: string): boolean {
  return entry !== undefined && 'skip' in entry && entry.skip === skip;
}
