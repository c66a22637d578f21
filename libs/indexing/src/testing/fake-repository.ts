import { createHash } from 'node:crypto';
import {
  AppError,
  type BlobContent,
  type RepositoryOpener,
  type RepositoryReader,
  type TreeChange,
  type WorkingTreeOptions,
  type WorkingTreeScan,
} from '@repoformer/domain';

type Special = 'symlink' | 'submodule' | 'unsafe_path';
type Entry = { readonly oid: string } | { readonly skip: Special };
/** A file's text or bytes, or what else is at a path. */
export type FakeFile = string | Uint8Array | { readonly skip: Special };

const hash = (value: string | Uint8Array): string => createHash('sha1').update(value).digest('hex');

/** A git repository in memory: commits are trees, HEAD is moved at will, objects can be lost. */
export class FakeRepository {
  readonly commits = new Map<string, ReadonlyMap<string, Entry>>();
  readonly blobs = new Map<string, Uint8Array>();
  readonly corrupt = new Set<string>();
  head: string | undefined;
  isGone = false;
  /** Oids of blobs in the order they were read. */
  readonly reads: string[] = [];
  diffs: [from: string | undefined, to: string | undefined][] = [];
  /** The working tree where it differs from HEAD; undefined: a file that is deleted. */
  working: Readonly<Record<string, string | undefined>> = {};
  scans = 0;
  /** When set, looking at the working tree fails with it. */
  scanFailure: AppError | undefined;
  /** Awaited before each blob is read. */
  beforeRead: (oid: string) => Promise<void> | void = () => undefined;

  constructor(readonly root: string) {}

  /** Commits a tree and moves HEAD to it. */
  commit(files: Readonly<Record<string, FakeFile>>): string {
    const tree = new Map<string, Entry>();
    for (const [path, file] of Object.entries(files)) {
      if (typeof file === 'object' && 'skip' in file) {
        tree.set(path, { skip: file.skip });
        continue;
      }
      const bytes = typeof file === 'string' ? new TextEncoder().encode(file) : file;
      const oid = hash(bytes);
      this.blobs.set(oid, bytes);
      tree.set(path, { oid });
    }
    const sorted = new Map([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
    const commit = hash(`commit ${JSON.stringify([...sorted])}`);
    this.commits.set(commit, sorted);
    this.head = commit;
    return commit;
  }

  oidOf(path: string): string {
    const entry = this.commits.get(this.head!)!.get(path)!;
    return 'oid' in entry ? entry.oid : '';
  }
}

/** Opens fake repositories by root or by a path inside. */
export class FakeOpener implements RepositoryOpener {
  readonly repositories = new Map<string, FakeRepository>();
  opened = 0;

  create(root: string): FakeRepository {
    const repository = new FakeRepository(root);
    this.repositories.set(root, repository);
    return repository;
  }

  async open(path: string): Promise<RepositoryReader> {
    await Promise.resolve();
    for (const repository of this.repositories.values()) {
      const isInside = path === repository.root || path.startsWith(`${repository.root}/`);
      if (isInside && !repository.isGone) {
        this.opened++;
        return new FakeReader(repository);
      }
    }
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'NOT_A_REPOSITORY',
      message: `${path} is no git repository`,
    });
  }
}

class FakeReader implements RepositoryReader {
  readonly bare = false;
  #isClosed = false;

  constructor(private readonly repository: FakeRepository) {}

  get root(): string {
    return this.repository.root;
  }

  get gitDirectory(): string {
    return `${this.root}/.git`;
  }

  get commonDirectory(): string {
    return this.gitDirectory;
  }

  async readHead(): Promise<string | undefined> {
    this.#use();
    return this.repository.head;
  }

  async readTreeOid(commit: string): Promise<string> {
    return hash(`tree ${JSON.stringify([...this.#tree(commit)])}`);
  }

  async *diffTrees(
    from: string | undefined,
    to: string | undefined,
    signal?: AbortSignal,
  ): AsyncIterable<TreeChange> {
    this.repository.diffs.push([from, to]);
    const before = this.#tree(from);
    const after = this.#tree(to);
    for (const path of [...new Set([...before.keys(), ...after.keys()])].sort()) {
      signal?.throwIfAborted();
      const left = before.get(path);
      const right = after.get(path);
      if (JSON.stringify(left) === JSON.stringify(right)) continue;
      yield {
        path,
        ...(left && ('oid' in left ? { before: left.oid } : { skippedBefore: left.skip })),
        ...(right && ('oid' in right ? { after: right.oid } : { skip: right.skip })),
      };
    }
  }

  async findBlob(commit: string, path: string): Promise<string | undefined> {
    const entry = this.#tree(commit).get(path);
    return entry && 'oid' in entry ? entry.oid : undefined;
  }

  async readBlob(oid: string, maxBytes: number): Promise<BlobContent> {
    this.#use();
    this.repository.reads.push(oid);
    await this.repository.beforeRead(oid);
    this.#use();
    if (this.repository.corrupt.has(oid)) return { kind: 'corrupt', problem: 'damaged' };
    const bytes = this.repository.blobs.get(oid);
    if (!bytes) return { kind: 'missing' };
    return bytes.length > maxBytes
      ? { kind: 'too_large', sizeBytes: bytes.length }
      : { kind: 'content', bytes };
  }

  async scanWorkingTree({ rules }: WorkingTreeOptions): Promise<WorkingTreeScan> {
    this.#use();
    this.repository.scans++;
    if (this.repository.scanFailure) throw this.repository.scanFailure;
    const { working } = this.repository;
    rules.add('', working['.gitignore'] ?? '');
    const files = new Map<string, { oid: string }>();
    const deleted = new Set<string>();
    const committed = this.#tree(this.repository.head);
    for (const [path, entry] of committed) if ('oid' in entry) files.set(path, entry);
    for (const [path, text] of Object.entries(working)) {
      files.delete(path);
      if (text === undefined) {
        deleted.add(path);
      } else if (committed.has(path) || !rules.isIgnored(path)) {
        const bytes = new TextEncoder().encode(text);
        files.set(path, { oid: hash(bytes) });
        this.repository.blobs.set(hash(bytes), bytes);
      }
    }
    return { files, deleted };
  }

  close(): void {
    this.#isClosed = true;
  }

  #tree(commit: string | undefined): ReadonlyMap<string, Entry> {
    this.#use();
    if (commit === undefined) return new Map();
    const tree = this.repository.commits.get(commit);
    if (tree) return tree;
    throw new AppError({ kind: 'not_found', reason: 'OBJECT_MISSING', message: `${commit} is missing` });
  }

  #use(): void {
    if (!this.repository.isGone && !this.#isClosed) return;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: `${this.root} cannot be read: has it been moved or deleted?`,
    });
  }
}
