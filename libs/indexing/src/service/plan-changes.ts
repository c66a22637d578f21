import { AppError, type RepositoryReader, type SkipReason } from '@repoformer/domain';
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
): Promise<Plan> {
  const { record, isDirty, signal } = repository;
  if (record.indexedAtMs !== undefined && !isDirty) {
    try {
      return await planDifference(repository, reader, head);
    } catch (error) {
      // After a forced update and a collection of garbage the indexed commit is gone.
      if (!(error instanceof AppError) || error.reason !== 'OBJECT_MISSING') throw error;
    }
  }
  const targets = await collect(reader, undefined, head, signal);
  const seen = new Set(targets.map((target) => target.path));
  for (const [path] of repository.files.entries()) if (!seen.has(path)) targets.push({ path });
  return finish(true, targets, new Map());
}

async function planDifference(
  repository: TrackedRepository,
  reader: RepositoryReader,
  head: string | undefined,
): Promise<Plan> {
  const targets = await collect(reader, repository.record.indexedCommit, head, repository.signal);
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

async function collect(
  reader: RepositoryReader,
  from: string | undefined,
  to: string | undefined,
  signal: AbortSignal,
): Promise<Target[]> {
  const targets: Target[] = [];
  for await (const { path, after, skip } of reader.diffTrees(from, to, signal)) {
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
