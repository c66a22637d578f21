import type { RepositoryId, SkipReason } from './repository.js';

/** What the index keeps of one blob, whatever paths and repositories it appears in. */
export type BlobArtefact =
  | {
      readonly kind: 'indexed';
      /** Encoded windows (see docs/formats); opaque to the store. */
      readonly data: Uint8Array;
      readonly lines: number;
      readonly windows: number;
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason };

/** A file of the indexed tree: its blob, or why its path alone keeps it out. */
export type FileEntry = { readonly oid: string } | { readonly skip: SkipReason; readonly oid?: string };

export interface StoredRepository {
  readonly id: RepositoryId;
  readonly root: string;
  readonly addedAtMs: number;
  /** The commit the files describe; undefined before the first complete index. */
  readonly indexedCommit?: string;
  readonly indexedAtMs?: number;
  /** Hash of the path rules (ignore files, attributes) the files were admitted by. */
  readonly rulesHash?: string;
}

export interface FileUpdate {
  readonly path: string;
  /** Undefined: the path is gone. */
  readonly entry: FileEntry | undefined;
}

export interface IndexCommit {
  readonly repository: RepositoryId;
  readonly indexedCommit: string | undefined;
  readonly indexedAtMs: number;
  readonly rulesHash: string;
  /** Start from no files at all rather than from those stored. */
  readonly replaceAll: boolean;
  readonly files: readonly FileUpdate[];
}

/**
 * The index on disk. One writer process per data directory. `commit` is one transaction: a crash at any
 * moment leaves the state before it or after it. Artefacts may be written ahead of the commit that needs
 * them; those that no file refers to are removed by `collectGarbage`.
 */
export interface IndexStore {
  repositories(): StoredRepository[];
  putRepository(repository: StoredRepository): Promise<void>;
  /** Deletes the repository's record and files; artefacts stay until `collectGarbage`. */
  removeRepository(id: RepositoryId): Promise<void>;
  files(id: RepositoryId): Iterable<{ path: string; entry: FileEntry }>;
  artefact(oid: string): BlobArtefact | undefined;
  hasArtefact(oid: string): boolean;
  /** Resolves once written; durable at the latest with the next `commit`. */
  putArtefacts(artefacts: Iterable<readonly [oid: string, artefact: BlobArtefact]>): Promise<void>;
  /** Durable when it resolves. */
  commit(update: IndexCommit): Promise<void>;
  /** What {@link putSnapshot} was last given; undefined when there is nothing, or nothing whole. Never rejects for that. */
  snapshot(id: RepositoryId): Promise<Uint8Array[] | undefined>;
  /**
   * Keeps a repository's search index as it is in memory, to start faster: a cache that may be lost, and that goes
   * with the repository. In place of the former one, whole or not at all.
   */
  putSnapshot(id: RepositoryId, sections: Iterable<Uint8Array>): Promise<void>;
  /** Removes artefacts that no repository refers to, beyond `keepUnreferenced` of them; returns how many. */
  collectGarbage(keepUnreferenced: number): Promise<number>;
  close(): Promise<void>;
}
