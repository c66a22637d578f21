import { throwIfAborted, type Clock, type IndexStore } from '@repoformer/domain';
import { isRuleFile } from '../admission/tree-rules.js';
import type { IndexOptions } from './index-options.js';
import { SearchableFiles } from './searchable-files.js';
import { TimeSlice } from './time-slice.js';
import type { TrackedRepository } from './tracked-repository.js';

/**
 * Takes a repository's files from the store into memory: which path holds which blob is read from the records, and
 * the windows of the blobs from the last snapshot, or else from the artefacts, so that it does not matter how old the
 * snapshot is. A file whose artefact is lost or damaged, or whose
 * blob could not be read before, is noted as to be repaired.
 */
export async function loadRepository(
  repository: TrackedRepository,
  store: IndexStore,
  clock: Clock,
  options: IndexOptions,
): Promise<void> {
  const { repairs, ruleFiles, signal } = repository;
  const slice = new TimeSlice(clock, options.sliceMs);
  const files = await restoreFiles(repository, store, options);
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
  await slice.pause(signal);
  files.dropUnused();
  repository.isLoaded = true;
}

/** The repository's files, none of them set: with the windows of a snapshot where there is one. */
async function restoreFiles(
  repository: TrackedRepository,
  store: IndexStore,
  options: IndexOptions,
): Promise<SearchableFiles> {
  const sections = await store.snapshot(repository.id);
  throwIfAborted(repository.signal);
  if (sections !== undefined) {
    try {
      repository.files = SearchableFiles.restore(options, sections);
    } catch {
      // Without it everything is read from the artefacts, which takes longer.
    }
  }
  return repository.files;
}
