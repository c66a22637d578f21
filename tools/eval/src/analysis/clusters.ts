import type { HoleResult } from '../results.js';

/** What was drawn for the intervals. */
export type ClusterUnit = 'repository' | 'file' | 'hole';

/** With fewer, percentiles over clusters say next to nothing. */
const FEWEST_CLUSTERS = 5;

/** Where a hole is. */
export type Clustered = Pick<HoleResult, 'id' | 'repository' | 'path'>;

/** The largest unit of which there are enough: intervals speak of more units of that kind. */
export function clusterUnitOf(results: readonly Clustered[]): ClusterUnit {
  const units: ClusterUnit[] = ['repository', 'file'];
  return units.find((unit) => new Set(clusterNames(results, unit)).size >= FEWEST_CLUSTERS) ?? 'hole';
}

/** The cluster of each hole. */
export function clusterNames(results: readonly Clustered[], unit: ClusterUnit): string[] {
  switch (unit) {
    case 'repository':
      return results.map(({ repository }) => repository);
    case 'file':
      return results.map(({ repository, path }) => `${repository}\0${path}`);
    case 'hole':
      return results.map(({ id }) => id);
  }
}
