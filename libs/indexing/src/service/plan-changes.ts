import { AppError, type RepositoryReader, type SkipReason, type TreeChange } from '@repoformer/domain';
import { hashRules, isRuleFile } from '../admission/tree-rules.js';
import type { TimeSlice } from './time-slice.js';
import type { TrackedRepository } from './tracked-repository.js';

/** What a path is to become: a blob, something that is no regular file, or (neither) nothing. */
export interface Target {
  readonly path: string;
  readonly oid?: string;
  readonly skip?: SkipReason;
}

export interface Plan {
  /** Whether the targets are all that is to be in the index, rather than what differs from before. */
  readonly isFull: boolean;
  readonly targets: Target[];
  readonly ruleFiles: Map<string, string>;
  readonly rulesHash: string;
}

/** Compares HEAD's tree with what is indexed, by trees where the indexed commit is still there. */
export async function planChanges(
  repository: TrackedRepository,
  reader: RepositoryReader,
  head: string | undefined,
  { maxPaths, slice }: { readonly maxPaths: number; readonly slice: TimeSlice },
): Promise<Plan> {
  const { record, isDirty, signal, files } = repository;
  const collect = (from: string | undefined, ruleFiles: ReadonlyMap<string, string>) =>
    collectTargets(reader.diffTrees(from, head, signal), repository.record.root, maxPaths, ruleFiles);
  if (record.indexedAtMs !== undefined && !isDirty) {
    try {
      const plan = toPlan(false, await collect(record.indexedCommit, repository.ruleFiles));
      return await withReevaluated(repository, plan, slice);
    } catch (error) {
      // After a forced update and a collection of garbage the indexed commit is gone.
      if (!(error instanceof AppError) || error.reason !== 'OBJECT_MISSING') throw error;
    }
  }
  const plan = toPlan(true, await collect(undefined, new Map()));
  if (files.pathCount === 0) return plan;
  const listed = await pathsOf(plan.targets, slice, signal);
  for (const [path] of files.entries()) {
    await slice.pause(signal);
    if (!listed.has(path)) plan.targets.push({ path });
  }
  return plan;
}

/** Adds what is to be looked at again though it has not changed. */
async function withReevaluated(
  { record, repairs, files, signal }: TrackedRepository,
  plan: Plan,
  slice: TimeSlice,
): Promise<Plan> {
  const isReevaluated = plan.rulesHash !== record.rulesHash;
  if (!isReevaluated && repairs.size === 0) return plan;
  const changed = await pathsOf(plan.targets, slice, signal);
  for (const [path, entry] of files.entries()) {
    await slice.pause(signal);
    if (changed.has(path) || entry.oid === undefined) continue;
    if (isReevaluated || repairs.has(path)) plan.targets.push({ path, oid: entry.oid });
  }
  return plan;
}

/** A million paths take most of a second. */
async function pathsOf(
  targets: readonly Target[],
  slice: TimeSlice,
  signal: AbortSignal,
): Promise<Set<string>> {
  const paths = new Set<string>();
  for (const { path } of targets) {
    await slice.pause(signal);
    paths.add(path);
  }
  return paths;
}

interface Collected {
  readonly targets: Target[];
  /** Those given, as the changes leave them. */
  readonly ruleFiles: Map<string, string>;
}

/** @throws AppError resource_exhausted when there are too many; ten subtrees, named ten times each, list billions. */
async function collectTargets(
  changes: AsyncIterable<TreeChange>,
  root: string,
  maxPaths: number,
  rulesBefore: ReadonlyMap<string, string>,
): Promise<Collected> {
  const targets: Target[] = [];
  const ruleFiles = new Map(rulesBefore);
  for await (const { path, after, skip } of changes) {
    if (targets.length === maxPaths) {
      throw new AppError({
        kind: 'resource_exhausted',
        reason: 'REPOSITORY_UNREADABLE',
        message: `${root} lists more than ${maxPaths} files; a repository of that size is not indexed: remove it here, or commit fewer files`,
        meta: { root },
      });
    }
    targets.push(after !== undefined ? { path, oid: after } : skip ? { path, skip } : { path });
    if (!isRuleFile(path)) continue;
    if (after === undefined) ruleFiles.delete(path);
    else ruleFiles.set(path, after);
  }
  return { targets, ruleFiles };
}

function toPlan(isFull: boolean, { targets, ruleFiles }: Collected): Plan {
  return { isFull, targets, ruleFiles, rulesHash: hashRules(ruleFiles) };
}
