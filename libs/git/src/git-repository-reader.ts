import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import * as git from 'isomorphic-git';
import {
  AppError,
  invalidArgument,
  type BlobContent,
  type RepositoryReader,
  type TreeChange,
  type WorkingTreeOptions,
  type WorkingTreeScan,
} from '@repoformer/domain';
import { ByteLru } from './byte-lru.js';
import { diffTrees } from './diff-trees.js';
import type { RepositoryLayout } from './discover-repository.js';
import { headFingerprint } from './head-fingerprint.js';
import { CorruptObject } from './object-errors.js';
import { ObjectStore } from './object-store.js';
import { createOverlayFs, unusableObject } from './overlay-fs.js';
import { isAbsent, readRegularFile, unreadable } from './regular-file.js';
import { TimeSlice } from './time-slice.js';
import { Tree } from './tree.js';
import { WorkingTree } from './working-tree.js';

/** A directory of a million files with long names; larger trees are refused. */
const MAX_TREE_BYTES = 128 << 20;
/** Trees kept: those a commit leads to are compared with the next one's. */
const TREE_CACHE_BYTES = 8 << 20;
/** What a tree takes beside its bytes. */
const TREE_OVERHEAD_BYTES = 500;
/** References that lead on to references; git follows as many. */
const MAX_SYMBOLIC_REFERENCES = 5;
/** isomorphic-git takes two steps for each, and one for the commit at the end. */
const REFERENCE_STEPS = 2 * MAX_SYMBOLIC_REFERENCES + 3;
const MAX_REFERENCE_FILE_BYTES = 64 << 20;

/**
 * Reads a repository through isomorphic-git (references, commits) on a file system of our own, and trees and blobs, of
 * which there may be very many and very large ones, straight from the object store. Made by `GitRepositoryOpener`.
 */
export class GitRepositoryReader implements RepositoryReader {
  readonly root: string;
  readonly bare: boolean;
  readonly gitDirectory: string;
  readonly commonDirectory: string;
  private readonly store: ObjectStore;
  private readonly repository: { fs: ReturnType<typeof createOverlayFs>; gitdir: string; cache: object };
  private readonly slice = new TimeSlice();
  private readonly trees = new ByteLru<Tree>(TREE_CACHE_BYTES);
  private workingTree: WorkingTree | undefined;
  private lastHead: { fingerprint: string; commit: string | undefined } | undefined;

  constructor(layout: RepositoryLayout) {
    this.root = layout.root;
    this.bare = layout.bare;
    this.gitDirectory = layout.gitDirectory;
    this.commonDirectory = layout.commonDirectory;
    this.store = new ObjectStore(`${layout.commonDirectory}/objects`, this.slice);
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
    let target: string;
    try {
      target = await git.resolveRef({ ...this.repository, ref: 'HEAD', depth: REFERENCE_STEPS });
      if (/^[0-9a-f]{40}$/.test(target)) return target;
    } catch (error) {
      // An internal error is what isomorphic-git calls a circle.
      if (error instanceof git.Errors.NotFoundError) target = error.data.what;
      else if (error instanceof git.Errors.InternalError) target = '';
      else throw this.translate(error);
    }
    // A branch that HEAD names but nobody has committed to yet is no error.
    if (isBranchName(target) && !this.isReference(target)) return undefined;
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'REPOSITORY_UNREADABLE',
      message:
        `what ${this.gitDirectory}/HEAD names cannot be read: it is missing or damaged, or leads in a circle; ` +
        '"git status" tells whether git can, "git symbolic-ref HEAD refs/heads/BRANCH" repairs it',
      meta: { root: this.root },
    });
  }

  /**
   * Whether there is anything by the name of a reference. isomorphic-git takes one that may not be read for one that is
   * not there; an index would then be emptied for want of a permission.
   * @throws AppError REPOSITORY_UNREADABLE when that cannot be told.
   */
  private isReference(name: string): boolean {
    const path = join(this.commonDirectory, name);
    try {
      const stat = lstatSync(path);
      // Git leaves empty folders of deleted branches behind.
      if (!stat.isDirectory()) return true;
    } catch (error) {
      if (!isAbsent(error)) throw unreadable(path, error);
    }
    const packed = readRegularFile(join(this.commonDirectory, 'packed-refs'), MAX_REFERENCE_FILE_BYTES);
    return packed?.includes(` ${name}\n`) ?? false;
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
    yield* diffTrees((oid) => this.readTree(oid), before, after, this.slice, signal);
  }

  async findBlob(commit: string, path: string): Promise<string | undefined> {
    let tree = await this.readTreeOid(commit);
    const names = path.split('/');
    const file = names.pop();
    for (const name of names) {
      const entry = (await this.readTree(tree)).find(name, true);
      if (entry?.kind !== 'tree') return undefined;
      tree = entry.oid;
    }
    const entry = file === undefined ? undefined : (await this.readTree(tree)).find(file, false);
    return entry?.kind === 'blob' ? entry.oid : undefined;
  }

  /**
   * `too_large` is also the answer for a blob whose delta base has more than 256 MiB; `sizeBytes` is then
   * the base's. An object that is no blob counts as `corrupt`.
   */
  async readBlob(oid: string, maxBytes: number): Promise<BlobContent> {
    checkOid('oid', oid);
    const object = await this.store.read(oid, maxBytes);
    if (object.kind === 'missing') {
      const bytes = this.workingTree?.read(oid, maxBytes);
      return bytes ? { kind: 'content', bytes } : object;
    }
    if (object.kind !== 'object') return object;
    if (object.type !== 'blob')
      return { kind: 'corrupt', problem: `object ${oid} is a ${object.type}, not a blob` };
    return { kind: 'content', bytes: object.data };
  }

  async scanWorkingTree(options: WorkingTreeOptions): Promise<WorkingTreeScan | undefined> {
    if (this.bare) return undefined;
    this.workingTree ??= new WorkingTree(this.root, this.gitDirectory, this.commonDirectory, this.slice);
    try {
      return await this.workingTree.scan(options);
    } catch (error) {
      throw this.translate(error);
    }
  }

  close(): void {
    this.store.close();
    this.trees.clear();
  }

  private async readTree(oid: string): Promise<Tree> {
    const known = this.trees.get(oid);
    if (known) return known;
    const object = await this.store.read(oid, MAX_TREE_BYTES);
    if (object.kind === 'missing') throw this.missing(oid);
    if (object.kind !== 'object') throw unusableObject(oid, object);
    try {
      if (object.type !== 'tree') throw new CorruptObject(`it is a ${object.type}, not a tree`);
      const tree = await Tree.parse(object.data, this.slice);
      this.trees.set(oid, tree, 2 * object.data.length + TREE_OVERHEAD_BYTES);
      return tree;
    } catch (error) {
      throw this.translate(error, oid);
    }
  }

  private missing(oid: string, cause?: unknown): AppError {
    return new AppError({
      kind: 'not_found',
      reason: 'OBJECT_MISSING',
      message: `object ${oid} is not in ${this.root}; in a partial or shallow clone, "git fetch" may bring it`,
      meta: { oid, root: this.root },
      cause,
    });
  }

  private translate(error: unknown, oid = ''): AppError {
    if (error instanceof AppError) return error;
    if (error instanceof git.Errors.NotFoundError) return this.missing(oid, error);
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

function isBranchName(name: string): boolean {
  return (
    name.startsWith('refs/') && !name.split('/').some((part) => part === '' || part === '.' || part === '..')
  );
}

function checkOid(field: string, oid: string): void {
  if (!/^[0-9a-f]{40}$/.test(oid))
    throw invalidArgument(field, 'must be a full SHA-1 of 40 lower-case hex digits');
}
