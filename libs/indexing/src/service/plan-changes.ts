import { AppError, type RepositoryReader, type SkipReason, type TreeChange } from '@repoformer/domain';
import { hashRules, isRuleFile } from '../admission/tree-rules.js';
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
  readonly targets: readonly Target[];
  readonly ruleFiles: Map<string, string>;
  readonly rulesHash: string;
}

/** Compares HEAD's tree with what is indexed, by trees where the indexed commit is still there. */
export async function planChanges(
  repository: TrackedRepository,
  reader: RepositoryReader,
  head: string | undefined,
  maxPaths: number,
): Promise<Plan> {
  const { record, isDirty, signal } = repository;
  const collect = (from: string | undefined) =>
    collectTargets(reader.diffTrees(from, head, signal), repository.record.root, maxPaths);
  if (record.indexedAtMs !== undefined && !isDirty) {
    try {
      return await planDifference(repository, await collect(record.indexedCommit));
    } catch (error) {
      // After a forced update and a collection of garbage the indexed commit is gone.
      if (!(error instanceof AppError) || error.reason !== 'OBJECT_MISSING') throw error;
    }
  }
  const targets = await collect(undefined);
  const seen = new Set(targets.map((target) => target.path));
  for (const [path] of repository.files.entries()) if (!seen.has(path)) targets.push({ path });
  return finish(true, targets, new Map());
}

function planDifference(repository: TrackedRepository, targets: Target[]): Plan {
  const plan = finish(false, targets, new Map(repository.ruleFiles));
  const isReevaluated = plan.rulesHash !== repository.record.rulesHash;
  if (!isReevaluated && repository.repairs.size === 0) return plan;
  const changed = new Set(targets.map((target) => target.path));
  for (const [path, entry] of repository.files.entries()) {
    if (changed.has(path) || entry.oid === undefined) continue;
    if (isReevaluated || repository.repairs.has(path)) targets.push({ path, oid: entry.oid });
  }
  return plan;
}

/** @throws AppError resource_exhausted when there are too many; ten subtrees, named ten times each, list billions. */
async function collectTargets(
  changes: AsyncIterable<TreeChange>,
  root: string,
  maxPaths: number,
): Promise<Target[]> {
  const targets: Target[] = [];
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
  }
  return targets;
}

function finish(isFull: boolean, targets: readonly Target[], ruleFiles: Map<string, string>): Plan {
  for (const { path, oid } of targets) {
    if (!isRuleFile(path)) continue;
    if (oid === undefined) ruleFiles.delete(path);
    else ruleFiles.set(path, oid);
  }
  return { isFull, targets, ruleFiles, rulesHash: hashRules(ruleFiles) };
}
