import {
  AppError,
  type BlobArtefact,
  type FileEntry,
  type IndexCommit,
  type IndexStore,
  type StoredRepository,
} from '@repoformer/domain';

interface Data {
  readonly repositories: Map<string, StoredRepository>;
  readonly files: Map<string, Map<string, FileEntry>>;
  readonly artefacts: Map<string, BlobArtefact>;
  readonly snapshots: Map<string, Uint8Array[]>;
}

/** An index store for tests: keeps everything in memory, and what it keeps outlives it through `reopen`. */
export class MemoryIndexStore implements IndexStore {
  readonly data: Data;
  /** When set, writing fails with it. */
  failure: AppError | undefined;
  commits = 0;
  #isClosed = false;

  constructor(
    data: Data = { repositories: new Map(), files: new Map(), artefacts: new Map(), snapshots: new Map() },
  ) {
    this.data = data;
  }

  /** A store on the same data, as after a restart of the process. */
  reopen(): MemoryIndexStore {
    return new MemoryIndexStore(structuredClone(this.data));
  }

  repositories(): StoredRepository[] {
    return [...this.data.repositories.values()];
  }

  async putRepository(repository: StoredRepository): Promise<void> {
    await this.#writing();
    this.data.repositories.set(repository.id, repository);
  }

  async removeRepository(id: string): Promise<void> {
    await this.#writing();
    this.data.repositories.delete(id);
    this.data.files.delete(id);
    this.data.snapshots.delete(id);
  }

  *files(id: string): Iterable<{ path: string; entry: FileEntry }> {
    for (const [path, entry] of this.data.files.get(id) ?? []) yield { path, entry };
  }

  artefact(oid: string): BlobArtefact | undefined {
    return this.data.artefacts.get(oid);
  }

  hasArtefact(oid: string): boolean {
    return this.data.artefacts.has(oid);
  }

  async putArtefacts(artefacts: Iterable<readonly [string, BlobArtefact]>): Promise<void> {
    const all = [...artefacts];
    await this.#writing();
    for (const [oid, artefact] of all) {
      this.data.artefacts.delete(oid);
      this.data.artefacts.set(oid, artefact);
    }
  }

  async commit(update: IndexCommit): Promise<void> {
    await this.#writing();
    const record = this.data.repositories.get(update.repository);
    if (!record)
      throw new AppError({ kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND', message: 'unknown' });
    const files = new Map(update.replaceAll ? [] : this.data.files.get(update.repository));
    for (const { path, entry } of update.files) {
      if (entry) files.set(path, entry);
      else files.delete(path);
    }
    const { id, root, addedAtMs } = record;
    const { indexedCommit, indexedAtMs, rulesHash } = update;
    this.data.files.set(id, files);
    this.data.repositories.set(id, {
      id,
      root,
      addedAtMs,
      ...(indexedCommit !== undefined && { indexedCommit }),
      indexedAtMs,
      rulesHash,
    });
    this.commits++;
  }

  async snapshot(id: string): Promise<Uint8Array[] | undefined> {
    return this.data.snapshots.get(id)?.map((section) => section.slice());
  }

  async putSnapshot(id: string, sections: Iterable<Uint8Array>): Promise<void> {
    await this.#writing();
    if (!this.data.repositories.has(id))
      throw new AppError({ kind: 'not_found', reason: 'REPOSITORY_NOT_FOUND', message: 'unknown' });
    this.data.snapshots.set(
      id,
      [...sections].map((section) => section.slice()),
    );
  }

  async collectGarbage(keepUnreferenced: number): Promise<number> {
    await this.#writing();
    const used = new Set(
      [...this.data.files.values()].flatMap((files) => [...files.values()].map((e) => e.oid)),
    );
    const loose = [...this.data.artefacts.keys()].filter((oid) => !used.has(oid));
    const doomed = loose.slice(0, Math.max(0, loose.length - keepUnreferenced));
    for (const oid of doomed) this.data.artefacts.delete(oid);
    return doomed.length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #writing(): Promise<void> {
    await Promise.resolve();
    if (this.#isClosed) {
      throw new AppError({ kind: 'unavailable', reason: 'STORE_UNAVAILABLE', message: 'closed' });
    }
    if (this.failure) throw this.failure;
  }
}
