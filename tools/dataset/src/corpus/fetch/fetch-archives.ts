import { throwIfAborted } from '@repoformer/domain';
import type { PackageEntry } from '../manifest.js';
import { fetchArchive, type FetchArchiveOptions } from './fetch-archive.js';

/** Clients wait for the network most of the time. */
const PARALLEL_FETCHES = 3;

/**
 * Brings all archives to the cache, a few at a time. The first failure stops the others and is thrown.
 *
 * @param onFetched called with each package that is there, and how many are
 */
export async function fetchArchives(
  packages: readonly PackageEntry[],
  options: FetchArchiveOptions,
  onFetched: (entry: PackageEntry, done: number) => void,
): Promise<void> {
  const failure = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
  const queue = packages.values();
  let done = 0;
  const errors: unknown[] = [];
  const work = async () => {
    for (const entry of queue) {
      try {
        await fetchArchive(entry, { ...options, signal });
        onFetched(entry, ++done);
      } catch (error) {
        errors.push(error);
        failure.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_FETCHES }, work));
  throwIfAborted(options.signal);
  if (errors.length > 0) throw errors[0];
}
