import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  BlobArtefact,
  FileEntry,
  IndexCommit,
  IndexStore,
  RepositoryId,
  StoredRepository,
} from '@repoformer/domain';
import { AppError } from '@repoformer/domain';
import type { Database, RootDatabase } from 'lmdb';
import type { CrashGuard } from './crash-guard.js';
import {
  artefactKey,
  decodeArtefact,
  decodeFile,
  encodeArtefact,
  encodeFile,
  fileKey,
  oidOfFile,
  repositoryKey,
  sequenceOfArtefact,
} from './record-codec.js';
import { writeRegistry } from './registry-file.js';
import type { SnapshotFolder } from './snapshot-folder.js';
import { isDamage, toStoreError } from './store-error.js';

/** Records handled before other work on the thread gets its turn (about 3 ms). */
const SLICE = 1_000;

/** Where the number of the last artefact written is kept. */
const SEQUENCE_KEY = 'sequence';

export interface LmdbIndexStoreParts {
  readonly directory: string;
  readonly environment: RootDatabase;
  readonly repositories: Database<string, string>;
  readonly files: Database<Buffer, Buffer>;
  readonly artefacts: Database<Buffer, Buffer>;
  readonly snapshots: SnapshotFolder;
  readonly guard: CrashGuard;
  readonly unlock: () => void;
}

/** The index on disk in LMDB; made by `openIndexStore`. See docs/formats/index.md. */
export class LmdbIndexStore implements IndexStore {
  readonly #parts: LmdbIndexStoreParts;
  #sequence: number;
  #writing: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: LmdbIndexStoreParts) {
    this.#parts = parts;
    this.#sequence = Number(parts.environment.get(SEQUENCE_KEY) ?? 0);
  }

  repositories(): StoredRepository[] {
    return this.#reading(() => {
      const found: StoredRepository[] = [];
      for (const { value } of this.#parts.repositories.getRange({})) {
        found.push(JSON.parse(value) as StoredRepository);
      }
      return found;
    });
  }

  putRepository(repository: StoredRepository): Promise<void> {
    return this.#write(async () => {
      repositoryKey(repository.id);
      await this.#transaction(() => this.#putRecord(repository));
      writeRegistry(this.#parts.directory, this.repositories());
    });
  }

  removeRepository(id: RepositoryId): Promise<void> {
    return this.#write(async () => {
      const prefix = repositoryKey(id);
      await this.#transaction(async () => {
        await this.#removeFiles(prefix);
        this.#parts.repositories.removeSync(id);
      });
      writeRegistry(this.#parts.directory, this.repositories());
      await this.#parts.snapshots.remove(id);
    });
  }

  *files(id: RepositoryId): Iterable<{ path: string; entry: FileEntry }> {
    const prefix = repositoryKey(id);
    for (const page of this.#pages(this.#parts.files, prefix, afterPrefix(prefix))) {
      for (const { key, value } of page) {
        const file = decodeFile(key, value);
        if (file) yield file;
      }
    }
  }

  artefact(oid: string): BlobArtefact | undefined {
    return this.#reading(() => {
      const value = this.#parts.artefacts.getBinary(artefactKey(oid));
      return value && decodeArtefact(value);
    });
  }

  hasArtefact(oid: string): boolean {
    return this.#reading(() => this.#parts.artefacts.doesExist(artefactKey(oid)));
  }

  putArtefacts(artefacts: Iterable<readonly [oid: string, artefact: BlobArtefact]>): Promise<void> {
    return this.#write(() =>
      this.#transaction(async () => {
        let count = 0;
        for (const [oid, artefact] of artefacts) {
          this.#parts.artefacts.putSync(artefactKey(oid), encodeArtefact(artefact, ++this.#sequence));
          if (++count % SLICE === 0) await nextTurn();
        }
        this.#parts.environment.putSync(SEQUENCE_KEY, String(this.#sequence));
      }),
    );
  }

  commit(update: IndexCommit): Promise<void> {
    return this.#write(async () => {
      const prefix = repositoryKey(update.repository);
      await this.#transaction(async () => {
        const record = this.#parts.repositories.get(update.repository);
        if (record === undefined) throw unknownRepository(update.repository);
        if (update.replaceAll) await this.#removeFiles(prefix);
        let count = 0;
        for (const { path, entry } of update.files) {
          this.#putFile(prefix, path, entry);
          if (++count % SLICE === 0) await nextTurn();
        }
        const { id, root, addedAtMs } = JSON.parse(record) as StoredRepository;
        this.#putRecord({
          id,
          root,
          addedAtMs,
          ...(update.indexedCommit !== undefined && { indexedCommit: update.indexedCommit }),
          indexedAtMs: update.indexedAtMs,
          rulesHash: update.rulesHash,
        });
      });
      this.#parts.guard.settle();
    });
  }

  async snapshot(id: RepositoryId): Promise<Uint8Array[] | undefined> {
    this.#reading(() => repositoryKey(id));
    return this.#parts.snapshots.read(id);
  }

  putSnapshot(id: RepositoryId, sections: Iterable<Uint8Array>): Promise<void> {
    return this.#write(async () => {
      const isRegistered = this.#reading(() => this.#parts.repositories.doesExist(id));
      if (!isRegistered) throw unknownRepository(id);
      await this.#parts.snapshots.write(id, sections);
    });
  }

  collectGarbage(keepUnreferenced: number): Promise<number> {
    return this.#write(async () => {
      const referenced = new Set<string>();
      for (const page of this.#pages(this.#parts.files)) {
        for (const { value } of page) {
          const oid = oidOfFile(value);
          if (oid) referenced.add(oid.toString('latin1'));
        }
        await nextTurn();
      }
      const loose: { key: Buffer; sequence: number }[] = [];
      for (const page of this.#pages(this.#parts.artefacts)) {
        for (const { key, value } of page) {
          if (!referenced.has(key.toString('latin1')))
            loose.push({ key, sequence: sequenceOfArtefact(value) });
        }
        await nextTurn();
      }
      // Those written last are the likeliest to be wanted again by a switch of branches.
      loose.sort((a, b) => b.sequence - a.sequence);
      const doomed = loose.slice(Math.max(0, keepUnreferenced));
      if (doomed.length > 0) {
        await this.#transaction(async () => {
          for (let i = 0; i < doomed.length; i++) {
            this.#parts.artefacts.removeSync(doomed[i]!.key);
            if (i % SLICE === SLICE - 1) await nextTurn();
          }
        });
      }
      return doomed.length;
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing.catch(() => undefined);
    try {
      await this.#parts.environment.close();
      this.#parts.guard.settle();
    } catch (error) {
      throw this.#translate(error);
    } finally {
      this.#parts.unlock();
    }
  }

  #putRecord(repository: StoredRepository): void {
    this.#parts.repositories.putSync(repository.id, JSON.stringify(repository));
  }

  #putFile(prefix: Buffer, path: string, entry: FileEntry | undefined): void {
    const { key, hashed } = fileKey(prefix, path);
    if (entry) this.#parts.files.putSync(key, encodeFile(entry, hashed ? path : undefined));
    else this.#parts.files.removeSync(key);
  }

  async #removeFiles(prefix: Buffer): Promise<void> {
    for (const page of this.#pages(this.#parts.files, prefix, afterPrefix(prefix))) {
      for (const { key } of page) this.#parts.files.removeSync(key);
      await nextTurn();
    }
  }

  /**
   * The records from `start` up to `end`, page by page. Each page is read at once: no read transaction is held
   * while the caller works, which would keep LMDB from reusing pages.
   */
  *#pages(
    database: Database<Buffer, Buffer>,
    start: Buffer = Buffer.alloc(0),
    end?: Buffer,
  ): Iterable<{ key: Buffer; value: Buffer }[]> {
    let from: Buffer | undefined = start;
    while (from) {
      const page: { key: Buffer; value: Buffer }[] = this.#reading(() =>
        Array.from(
          database.getRange({
            ...(from!.length > 0 && { start: from! }),
            ...(end && { end }),
            limit: SLICE,
          }),
          ({ key, value }) => ({ key: Buffer.from(key), value: Buffer.from(value) }),
        ),
      );
      if (page.length > 0) yield page;
      // The least key greater than the last one is that one with a zero byte after it.
      from = page.length < SLICE ? undefined : Buffer.concat([page.at(-1)!.key, Buffer.of(0)]);
    }
  }

  /**
   * One LMDB transaction around `action`, which may give up the thread between its writes; on disk when it
   * resolves, undone when `action` fails. LMDB's own queue of writes is not used: a failure in it (a full disk)
   * surfaces as a rejection that nobody can handle and ends the process.
   */
  async #transaction(action: () => void | Promise<void>): Promise<void> {
    await this.#parts.environment.transactionSync(action);
  }

  /** Runs one writing operation at a time, in order of arrival. */
  #write<T>(operation: () => Promise<T>): Promise<T> {
    const run = this.#writing.then(async () => {
      if (this.#closed) throw closedError(this.#parts.directory);
      try {
        return await operation();
      } catch (error) {
        throw this.#translate(error);
      }
    });
    this.#writing = run.catch(() => undefined);
    return run;
  }

  #reading<T>(action: () => T): T {
    if (this.#closed) throw closedError(this.#parts.directory);
    try {
      return action();
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): AppError {
    if (isDamage(error)) this.#parts.guard.condemn();
    return toStoreError(error, this.#parts.directory);
  }
}

/** The least key that is greater than every key beginning with `prefix`; undefined when there is none. */
function afterPrefix(prefix: Buffer): Buffer | undefined {
  const end = Buffer.from(prefix);
  for (let i = end.length - 1; i >= 0; i--) {
    if (end[i]! < 0xff) {
      end[i]!++;
      return end.subarray(0, i + 1);
    }
  }
  return undefined;
}

function closedError(directory: string): AppError {
  return new AppError({
    kind: 'unavailable',
    reason: 'STORE_UNAVAILABLE',
    message: 'the index is closed',
    meta: { directory },
  });
}

function unknownRepository(id: string): AppError {
  return new AppError({
    kind: 'not_found',
    reason: 'REPOSITORY_NOT_FOUND',
    message: `repository ${id} is not registered`,
    meta: { repository: id },
  });
}
