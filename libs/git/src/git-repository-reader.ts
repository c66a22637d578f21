import * as git from 'isomorphic-git';
import {
  AppError,
  invalidArgument,
  type BlobContent,
  type RepositoryReader,
  type TreeChange,
} from '@repoformer/domain';
import { diffTrees } from './diff-trees.js';
import type { RepositoryLayout } from './discover-repository.js';
import { headFingerprint } from './head-fingerprint.js';
import { CorruptObject } from './object-errors.js';
import { ObjectStore } from './object-store.js';
import { createOverlayFs } from './overlay-fs.js';
import { unreadable } from './regular-file.js';
import { parseTree, type TreeEntry } from './tree.js';

/** Blobs read in a row before the event loop gets a turn. */
const SLICE_MS = 10;

/**
 * Reads a repository through isomorphic-git (references, commits, trees) on a file system of our own, and
 * blobs straight from the object store. Made by `GitRepositoryOpener`.
 */
export class GitRepositoryReader implements RepositoryReader {
  readonly root: string;
  readonly bare: boolean;
  readonly gitDirectory: string;
  readonly commonDirectory: string;
  private readonly store: ObjectStore;
  private readonly repository: { fs: ReturnType<typeof createOverlayFs>; gitdir: string; cache: object };
  private sliceStart = 0;
  private lastHead: { fingerprint: string; commit: string | undefined } | undefined;

  constructor(layout: RepositoryLayout) {
    this.root = layout.root;
    this.bare = layout.bare;
    this.gitDirectory = layout.gitDirectory;
    this.commonDirectory = layout.commonDirectory;
    this.store = new ObjectStore(`${layout.commonDirectory}/objects`);
    const fs = createOverlayFs(this.store, layout.gitDirectory, layout.commonDirectory);
    this.repository = { fs, gitdir: layout.gitDirectory, cache: {} };
  }

  async readHead(): Promise<string | undefined> {
    const fingerprint = this.fingerprint();
    if (fingerprint !== undefined && fingerprint === this.lastHead?.fingerprint) return this.lastHead.commit;
    const commit = await this.resolveHead();
    // Kept only if nothing moved meanwhile: else the commit might belong to another fingerprint.
    const settled = fingerprint !== undefined && fingerprint === this.fingerprint();
    this.lastHead = settled ? { fingerprint, commit } : undefined;
    return commit;
  }

  private fingerprint(): string | undefined {
    try {
      return headFingerprint(this.gitDirectory, this.commonDirectory);
    } catch (error) {
      throw this.translate(error);
    }
  }

  private async resolveHead(): Promise<string | undefined> {
    try {
      return await git.resolveRef({ ...this.repository, ref: 'HEAD' });
    } catch (error) {
      if (!(error instanceof git.Errors.NotFoundError)) throw this.translate(error);
    }
    // A branch that HEAD names but nobody has committed to yet is no error.
    try {
      const target = await git.resolveRef({ ...this.repository, ref: 'HEAD', depth: 2 });
      if (target.startsWith('refs/')) return undefined;
    } catch (error) {
      if (!(error instanceof git.Errors.NotFoundError)) throw this.translate(error);
    }
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message: `${this.gitDirectory}/HEAD is missing or damaged; has the repository been moved or deleted?`,
      meta: { root: this.root },
    });
  }

  async readTreeOid(commit: string): Promise<string> {
    checkOid('commit', commit);
    try {
      const { commit: parsed } = await git.readCommit({ ...this.repository, oid: commit });
      checkOid('tree', parsed.tree);
      return parsed.tree;
    } catch (error) {
      throw this.translate(error, commit);
    }
  }

  async *diffTrees(
    from: string | undefined,
    to: string | undefined,
    signal?: AbortSignal,
  ): AsyncGenerator<TreeChange, void, void> {
    const before = from === undefined ? undefined : await this.readTreeOid(from);
    const after = to === undefined ? undefined : await this.readTreeOid(to);
    yield* diffTrees((oid) => this.readTree(oid), before, after, signal);
  }

  async findBlob(commit: string, path: string): Promise<string | undefined> {
    let tree = await this.readTreeOid(commit);
    const names = path.split('/');
    const file = names.pop();
    for (const name of names) {
      const entry = (await this.readTree(tree)).find(
        (candidate) => candidate.name === name && candidate.kind === 'tree',
      );
      if (!entry) return undefined;
      tree = entry.oid;
    }
    return (await this.readTree(tree)).find((entry) => entry.name === file && entry.kind === 'blob')?.oid;
  }

  /**
   * `too_large` is also the answer for a blob whose delta base has more than 256 MiB; `sizeBytes` is then
   * the base's. An object that is no blob counts as `corrupt`.
   */
  async readBlob(oid: string, maxBytes: number): Promise<BlobContent> {
    checkOid('oid', oid);
    await this.breathe();
    const object = this.store.read(oid, maxBytes);
    if (object.kind !== 'object') return object;
    if (object.type !== 'blob')
      return { kind: 'corrupt', problem: `object ${oid} is a ${object.type}, not a blob` };
    return { kind: 'content', bytes: object.data };
  }

  close(): void {
    this.store.close();
  }

  /** isomorphic-git's own tree parser refuses a whole tree for one unsafe name, so the bytes are parsed here. */
  private async readTree(oid: string): Promise<TreeEntry[]> {
    try {
      const { type, object } = await git.readObject({ ...this.repository, oid, format: 'content' });
      if (type !== 'tree') throw new CorruptObject(`it is a ${type}, not a tree`);
      const bytes = object as Uint8Array;
      return parseTree(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    } catch (error) {
      throw this.translate(error, oid);
    }
  }

  /** Reading is synchronous; a caller's loop over thousands of blobs must not starve the event loop. */
  private async breathe(): Promise<void> {
    const now = performance.now();
    if (now - this.sliceStart < SLICE_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    this.sliceStart = performance.now();
  }

  private translate(error: unknown, oid = ''): AppError {
    if (error instanceof AppError) return error;
    if (error instanceof git.Errors.NotFoundError) {
      return new AppError({
        kind: 'not_found',
        reason: 'OBJECT_MISSING',
        message: `object ${oid} is not in ${this.root}; in a partial or shallow clone, "git fetch" may bring it`,
        meta: { oid, root: this.root },
        cause: error,
      });
    }
    const code = (error as NodeJS.ErrnoException | undefined)?.code;
    if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return unreadable(this.gitDirectory, error);
    const detail = error instanceof CorruptObject ? `: ${error.message}` : '';
    return new AppError({
      kind: 'data_loss',
      reason: 'OBJECT_CORRUPT',
      message: `${oid ? `object ${oid}` : 'a reference'} in ${this.root} is damaged${detail}; "git fsck" tells more`,
      meta: { oid, root: this.root },
      cause: error,
    });
  }
}

function checkOid(field: string, oid: string): void {
  if (!/^[0-9a-f]{40}$/.test(oid))
    throw invalidArgument(field, 'must be a full SHA-1 of 40 lower-case hex digits');
}
