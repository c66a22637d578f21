import type { BlobArtefact, FileEntry, SkipReason } from '@repoformer/domain';
import { WindowIndex, type WindowOptions } from '@repoformer/retrieval';
import { decodeBlobs, encodeBlobs } from './blob-table.js';
import { PathList } from './path-list.js';

/** A blob of the indexed tree and the admitted paths that hold it. */
interface Blob {
  readonly oid: string;
  /** Id in the Jaccard index; undefined when its content keeps it out. */
  readonly document: number | undefined;
  readonly skip: SkipReason | undefined;
  readonly lines: number;
  readonly paths: PathList;
}

/**
 * The files of one repository as they are searched: which path holds which blob, and the windows of each blob
 * once, however many paths hold it.
 */
export class SearchableFiles {
  readonly index: WindowIndex;
  readonly #files = new Map<string, FileEntry>();
  readonly #blobs = new Map<string, Blob>();
  readonly #documents = new Map<number, Blob>();
  readonly #skipped = new Map<SkipReason, number>();
  #nextDocument = 0;
  #changedLines = 0;
  #indexedFiles = 0;
  #generation = 0;

  /** @param index filled already: see {@link restore} */
  constructor(options: WindowOptions, index = new WindowIndex(options)) {
    this.index = index;
  }

  /**
   * Takes up the blobs of a snapshot; none of them is found until a path is set to it. Those that no path was set to
   * are to be dropped by {@link dropUnused}.
   *
   * @throws AppError data_loss when it is no snapshot
   */
  static restore(options: WindowOptions, [head, ...sections]: readonly Uint8Array[]): SearchableFiles {
    const files = new SearchableFiles(options, WindowIndex.restore(options, sections));
    for (const { oid, document, lines } of decodeBlobs(head)) {
      const blob: Blob = { oid, document, skip: undefined, lines, paths: new PathList() };
      files.#blobs.set(oid, blob);
      files.#documents.set(document, blob);
      files.#nextDocument = Math.max(files.#nextDocument, document + 1);
    }
    return files;
  }

  /** The blobs that can be found and their windows, for {@link restore}; as they are now, whatever changes later. */
  snapshot(): Iterable<Uint8Array> {
    const head = encodeBlobs([...this.#documents.values()]);
    const sections = this.index.snapshot();
    this.#changedLines = 0;
    return (function* () {
      yield head;
      yield* sections;
    })();
  }

  /** Lines of blobs added and removed since the last snapshot. */
  get changedLines(): number {
    return this.#changedLines;
  }

  /** Drops what no path holds. */
  dropUnused(): void {
    for (const blob of this.#blobs.values()) if (blob.paths.size === 0) this.#dropBlob(blob);
  }

  /** Grows with every change. */
  get generation(): number {
    return this.#generation;
  }

  /** All paths, left out ones included. */
  get pathCount(): number {
    return this.#files.size;
  }

  /** Paths whose content can be found. */
  get fileCount(): number {
    return this.#indexedFiles;
  }

  get skipped(): Partial<Record<SkipReason, number>> {
    return Object.fromEntries([...this.#skipped].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  get(path: string): FileEntry | undefined {
    return this.#files.get(path);
  }

  entries(): IterableIterator<[string, FileEntry]> {
    return this.#files.entries();
  }

  hasBlob(oid: string): boolean {
    return this.#blobs.has(oid);
  }

  /** Sets a path to a blob. The artefact is only needed when no path holds the blob yet. */
  setBlob(path: string, oid: string, artefact: () => BlobArtefact): void {
    const former = this.#files.get(path);
    if (former && !('skip' in former) && former.oid === oid) return;
    const blob = this.#blobs.get(oid) ?? this.#addBlob(oid, artefact());
    this.remove(path);
    this.#files.set(path, { oid });
    blob.paths.add(path);
    if (blob.skip) this.#count(blob.skip, 1);
    else this.#indexedFiles++;
    this.#generation++;
  }

  /** Sets a path to being left out for its own sake. */
  setSkipped(path: string, skip: SkipReason, oid: string | undefined): void {
    const former = this.#files.get(path);
    if (former && 'skip' in former && former.skip === skip && former.oid === oid) return;
    this.remove(path);
    this.#files.set(path, oid === undefined ? { skip } : { skip, oid });
    this.#count(skip, 1);
    this.#generation++;
  }

  remove(path: string): void {
    const entry = this.#files.get(path);
    if (!entry) return;
    this.#files.delete(path);
    this.#generation++;
    if ('skip' in entry) {
      this.#count(entry.skip, -1);
      return;
    }
    const blob = this.#blobs.get(entry.oid)!;
    blob.paths.remove(path);
    if (blob.skip) this.#count(blob.skip, -1);
    else this.#indexedFiles--;
    if (blob.paths.size === 0) this.#dropBlob(blob);
  }

  /** The blob behind a document of {@link index}. */
  documentOf(document: number): {
    readonly oid: string;
    readonly lines: number;
    readonly paths: readonly string[];
  } {
    const { oid, lines, paths } = this.#documents.get(document)!;
    return { oid, lines, paths: paths.sorted };
  }

  #addBlob(oid: string, artefact: BlobArtefact): Blob {
    const isIndexed = artefact.kind === 'indexed';
    const document = isIndexed ? this.#nextDocument++ : undefined;
    if (isIndexed) this.index.add(document!, artefact.data);
    const blob: Blob = {
      oid,
      document,
      skip: isIndexed ? undefined : artefact.reason,
      lines: isIndexed ? artefact.lines : 0,
      paths: new PathList(),
    };
    this.#blobs.set(oid, blob);
    if (document !== undefined) this.#documents.set(document, blob);
    this.#changedLines += blob.lines;
    return blob;
  }

  #dropBlob({ oid, document, lines }: Blob): void {
    this.#blobs.delete(oid);
    if (document === undefined) return;
    this.#documents.delete(document);
    this.index.remove(document);
    this.#changedLines += lines;
  }

  #count(reason: SkipReason, change: number): void {
    const count = (this.#skipped.get(reason) ?? 0) + change;
    if (count === 0) this.#skipped.delete(reason);
    else this.#skipped.set(reason, count);
  }
}
