import type { Clock, IndexStore } from '@repoformer/domain';
import { isRuleFile } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import { TimeSlice } from './time-slice.js';
import type { TrackedRepository } from './tracked-repository.js';

/**
 * Takes a repository's files from the store into memory. A file whose artefact is lost or damaged, or whose
 * blob could not be read before, is noted as to be repaired.
 */
export async function loadRepository(
  repository: TrackedRepository,
  store: IndexStore,
  clock: Clock,
  options: IndexOptions,
): Promise<void> {
  const { files, repairs, ruleFiles, signal } = repository;
  const slice = new TimeSlice(clock, options.sliceMs);
  for (const { path, entry } of store.files(repository.id)) {
    await slice.pause(signal);
    if (entry.oid !== undefined && isRuleFile(path)) ruleFiles.set(path, entry.oid);
    if ('skip' in entry) {
      files.setSkipped(path, entry.skip, entry.oid);
      if (entry.skip === 'missing' || entry.skip === 'unreadable') repairs.add(path);
      continue;
    }
    const { oid } = entry;
    const artefact = files.hasBlob(oid) ? undefined : store.artefact(oid);
    if (!files.hasBlob(oid) && !artefact) {
      repairs.add(path);
      files.setSkipped(path, 'unreadable', oid);
      continue;
    }
    try {
      files.setBlob(path, oid, () => artefact!);
    } catch {
      repairs.add(path);
      files.setSkipped(path, 'unreadable', oid);
    }
  }
  repository.isLoaded = true;
}
