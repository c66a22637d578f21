import {
  AppError,
  throwIfAborted,
  type BlobArtefact,
  type Clock,
  type FileUpdate,
  type IndexStore,
  type RepositoryReader,
  type SkipReason,
} from '@repoformer/domain';
import { admitPath } from '../admission/admission.js';
import { GitIgnore } from '../admission/git-ignore.js';
import { MAX_RULE_FILE_BYTES, TreeRules } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import type { Operation } from './operation-queue.js';
import { loadRepository } from './load-repository.js';
import { planChanges, type Plan, type Target } from './plan-changes.js';
import { createArtefact, readContent } from './read-artefact.js';
import { TimeSlice } from './time-slice.js';
import type { TrackedRepository } from './tracked-repository.js';

/** Blobs read at a time; inflating is done on this thread, so more would only make the slices longer. */
const READ_BATCH = 4;
/** Artefacts are written ahead in portions of this size. */
const WRITE_BATCH_BYTES = 1024 * 1024;
const WRITE_BATCH_COUNT = 500;

/** Looking at the working tree takes a twentieth of the time at most. */
const LOOK_SHARE = 20;

export interface ReconcileContext {
  readonly store: IndexStore;
  readonly clock: Clock;
  readonly options: IndexOptions;
}

export interface ReconcileResult {
  readonly head: string | undefined;
  /** Paths that were looked at; 0 when HEAD was indexed already. */
  readonly changes: number;
  readonly blobsRead: number;
  /** Paths searched as they are in the working tree; absent where it is not looked at. */
  readonly uncommitted?: number;
  /** Why the working tree could not be looked at. */
  readonly workingTreeProblem?: string;
}

/** Brings the index of one repository to HEAD. What has been done so far is searchable while it runs. */
export async function reconcile(
  repository: TrackedRepository,
  operation: Operation,
  context: ReconcileContext,
): Promise<ReconcileResult> {
  return new Reconciliation(repository, operation, context).run();
}

class Reconciliation {
  readonly #repository: TrackedRepository;
  readonly #operation: Operation;
  readonly #store: IndexStore;
  readonly #clock: Clock;
  readonly #options: IndexOptions;
  readonly #slice: TimeSlice;
  /** Blobs read in this run: a fresh build uses no others. */
  readonly #read = new Set<string>();
  #pending: [oid: string, artefact: BlobArtefact][] = [];
  #pendingBytes = 0;
  #filesDone = 0;
  #bytesDone = 0;

  constructor(repository: TrackedRepository, operation: Operation, context: ReconcileContext) {
    this.#repository = repository;
    this.#operation = operation;
    this.#store = context.store;
    this.#clock = context.clock;
    this.#options = context.options;
    this.#slice = new TimeSlice(context.clock, context.options.sliceMs);
  }

  async run(): Promise<ReconcileResult> {
    const repository = this.#repository;
    if (this.#operation.fresh) repository.forgetFiles();
    if (!repository.isLoaded) {
      await loadRepository(repository, this.#store, this.#clock, this.#options);
    }
    const reader = await repository.reader();
    const head = await reader.readHead();
    repository.head = head;
    const { record } = repository;
    const isCurrent =
      record.indexedAtMs !== undefined &&
      record.indexedCommit === head &&
      !repository.isDirty &&
      repository.repairs.size === 0;
    if (isCurrent) {
      await this.#readRules(reader, repository.ruleFiles, record.rulesHash);
      return { head, changes: 0, blobsRead: 0, ...(await this.#lookAtWorkingTree(reader)) };
    }
    repository.setState('indexing');
    // Commits are compared with commits.
    repository.workingTree.revert(repository.files, this.#store);
    const plan = await planChanges(repository, reader, head, {
      maxPaths: this.#options.maxPaths,
      slice: this.#slice,
    });
    await this.#readRules(reader, plan.ruleFiles, plan.rulesHash);
    repository.isDirty = true;
    await this.#apply(reader, plan.targets);
    await this.#flush();
    await this.#commit(plan, head);
    return {
      head,
      changes: plan.targets.length,
      blobsRead: this.#read.size,
      ...(await this.#lookAtWorkingTree(reader)),
    };
  }

  /** What cannot be looked at is searched as committed; that is no reason for the index to fail. */
  async #lookAtWorkingTree(
    reader: RepositoryReader,
  ): Promise<Pick<ReconcileResult, 'uncommitted' | 'workingTreeProblem'>> {
    const { workingTreeIntervalMs, workingTreeReadBytes, maxFileBytes, maxPaths } = this.#options;
    if (workingTreeIntervalMs === 0 || reader.bare) return {};
    const repository = this.#repository;
    const { files, rules, signal, workingTree } = repository;
    const startMs = this.#clock.monotonicMs();
    try {
      const scan = await reader.scanWorkingTree({
        ...{ maxFileBytes, maxPaths, signal },
        maxReadBytes: workingTreeReadBytes,
        rules: new GitIgnore(),
      });
      const context = { files, rules, reader, signal, store: this.#store, options: this.#options };
      if (scan) await workingTree.apply(scan, { ...context, slice: this.#slice });
      return { uncommitted: workingTree.size };
    } catch (error) {
      throwIfAborted(signal);
      workingTree.revert(files, this.#store);
      return { workingTreeProblem: error instanceof AppError ? error.message : 'it could not be looked at' };
    } finally {
      const endMs = this.#clock.monotonicMs();
      repository.nextLookMs = endMs + Math.max(workingTreeIntervalMs, LOOK_SHARE * (endMs - startMs));
    }
  }

  async #readRules(
    reader: RepositoryReader,
    ruleFiles: ReadonlyMap<string, string>,
    rulesHash: string | undefined,
  ): Promise<void> {
    if (this.#repository.rulesHash === rulesHash && rulesHash !== undefined) return;
    const texts = new Map<string, string>();
    for (const [path, oid] of ruleFiles) {
      await this.#slice.pause(this.#repository.signal);
      const content = await readContent(reader, oid, this.#options.maxFileBytes);
      if (content.kind !== 'content') continue;
      texts.set(path, Buffer.from(content.bytes.subarray(0, MAX_RULE_FILE_BYTES)).toString('utf8'));
    }
    this.#repository.rules = new TreeRules(texts);
    this.#repository.rulesHash = rulesHash;
  }

  async #apply(reader: RepositoryReader, targets: readonly Target[]): Promise<void> {
    const { files, rules, signal } = this.#repository;
    let toRead: { path: string; oid: string }[] = [];
    for (const { path, oid, skip } of targets) {
      await this.#slice.pause(signal);
      if (oid === undefined) {
        if (skip) files.setSkipped(path, skip, undefined);
        else files.remove(path);
        this.#progress(1, targets.length);
        continue;
      }
      const reason = admitPath(path, rules);
      if (reason) {
        files.setSkipped(path, reason, oid);
        this.#progress(1, targets.length);
      } else if (this.#applyKnown(path, oid)) {
        this.#progress(1, targets.length);
      } else {
        toRead.push({ path, oid });
        if (toRead.length === READ_BATCH) {
          await this.#readAndApply(reader, toRead, targets.length);
          toRead = [];
        }
      }
    }
    await this.#readAndApply(reader, toRead, targets.length);
  }

  /** Uses what is kept of a blob; false when it has to be read. */
  #applyKnown(path: string, oid: string): boolean {
    const { files } = this.#repository;
    const isUsable = !this.#operation.fresh || this.#read.has(oid);
    if (!isUsable) return false;
    if (files.hasBlob(oid) && (this.#read.has(oid) || this.#store.hasArtefact(oid))) {
      files.setBlob(path, oid, unreachable);
      return true;
    }
    const artefact = this.#store.artefact(oid);
    return artefact !== undefined && this.#trySet(path, oid, artefact);
  }

  async #readAndApply(
    reader: RepositoryReader,
    batch: readonly { path: string; oid: string }[],
    total: number,
  ): Promise<void> {
    const { signal, files } = this.#repository;
    const oids = [...new Set(batch.map(({ oid }) => oid))];
    const contents = await Promise.all(
      oids.map((oid) => readContent(reader, oid, this.#options.maxFileBytes)),
    );
    const unavailable = new Map<string, SkipReason>();
    const artefacts = new Map<string, BlobArtefact>();
    for (let i = 0; i < oids.length; i++) {
      await this.#slice.pause(signal);
      const content = contents[i]!;
      const artefact = await createArtefact(content, this.#options, this.#slice, signal);
      if (content.kind === 'content') this.#bytesDone += content.bytes.length;
      if (typeof artefact === 'string') {
        unavailable.set(oids[i]!, artefact);
        continue;
      }
      artefacts.set(oids[i]!, artefact);
      this.#read.add(oids[i]!);
      await this.#write(oids[i]!, artefact);
    }
    for (const { path, oid } of batch) {
      await this.#slice.pause(signal);
      const reason = unavailable.get(oid);
      if (reason) files.setSkipped(path, reason, oid);
      else files.setBlob(path, oid, () => artefacts.get(oid)!);
      this.#progress(1, total);
    }
  }

  /** Damaged artefacts are refused by the index: then the blob is read again. */
  #trySet(path: string, oid: string, artefact: BlobArtefact): boolean {
    try {
      this.#repository.files.setBlob(path, oid, () => artefact);
      return true;
    } catch {
      return false;
    }
  }

  async #write(oid: string, artefact: BlobArtefact): Promise<void> {
    this.#pending.push([oid, artefact]);
    this.#pendingBytes += artefact.kind === 'indexed' ? artefact.data.length : 0;
    if (this.#pendingBytes >= WRITE_BATCH_BYTES || this.#pending.length >= WRITE_BATCH_COUNT)
      await this.#flush();
  }

  async #flush(): Promise<void> {
    const batch = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    if (batch.length > 0) await this.#store.putArtefacts(batch);
  }

  async #commit(plan: Plan, head: string | undefined): Promise<void> {
    const repository = this.#repository;
    const files: FileUpdate[] = [];
    if (plan.isFull) {
      for (const [path, entry] of repository.files.entries()) {
        await this.#slice.pause(repository.signal);
        files.push({ path, entry });
      }
    } else {
      for (const { path } of plan.targets) files.push({ path, entry: repository.files.get(path) });
    }
    const indexedAtMs = this.#clock.now();
    await this.#slice.pause(repository.signal);
    await this.#store.commit({
      repository: repository.id,
      indexedCommit: head,
      indexedAtMs,
      rulesHash: plan.rulesHash,
      replaceAll: plan.isFull,
      files,
    });
    const { id, root, addedAtMs } = repository.record;
    repository.record = {
      id,
      root,
      addedAtMs,
      ...(head !== undefined && { indexedCommit: head }),
      indexedAtMs,
      rulesHash: plan.rulesHash,
    };
    repository.ruleFiles = plan.ruleFiles;
    repository.repairs.clear();
    repository.isDirty = false;
  }

  #progress(done: number, total: number): void {
    this.#filesDone += done;
    this.#repository.setProgress({
      filesDone: this.#filesDone,
      filesTotal: total,
      bytesDone: this.#bytesDone,
    });
  }
}

function unreachable(): never {
  throw new Error('a blob in memory needs no artefact');
}
