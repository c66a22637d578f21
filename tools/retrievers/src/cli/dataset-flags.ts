import { Option, type Command } from 'commander';
import { readHoles, SPLITS, wholeNumber, type HoleRecord, type Split } from '@repoformer/dataset';
import { sampleOf } from '../measure/sample-holes.js';
import { addRepositoryFlags, refusal, type RepositoryFlags } from './repository-flags.js';

/** Flags that name holes of a dataset and the repositories that they are of. */
export interface DatasetFlags extends RepositoryFlags {
  readonly split: Split[];
  readonly limit?: number;
  readonly seed: number;
}

export function addDatasetFlags(command: Command, splits: readonly Split[]): Command {
  return addRepositoryFlags(command)
    .addOption(
      new Option('--split <name...>', 'holes of these splits').choices([...SPLITS]).default([...splits]),
    )
    .option('--limit <n>', 'a sample of so many holes, always the same', wholeNumber)
    .option('--seed <n>', 'of sample and intervals', wholeNumber, 1);
}

/** @throws AppError invalid_argument when there is none */
export async function selectHoles(
  dataset: string,
  { split, limit, seed, repo, corpus }: DatasetFlags,
  isWanted: (hole: HoleRecord) => boolean = () => true,
): Promise<HoleRecord[]> {
  // Folders of this machine serve for any split; a manifest's packages for the one that it says.
  const splits = new Set<Split>(corpus === undefined && repo.length > 0 ? SPLITS : split);
  const holes = (await readHoles(dataset)).filter((hole) => splits.has(hole.split) && isWanted(hole));
  if (holes.length === 0) throw refusal(`${dataset} holds no such hole of ${[...splits].join(', ')}`);
  return sampleOf(holes, limit ?? Infinity, seed);
}

export function byRepository(holes: readonly HoleRecord[]): Map<string, HoleRecord[]> {
  const groups = new Map<string, HoleRecord[]>();
  for (const hole of holes) {
    const group = groups.get(hole.repository);
    if (group) group.push(hole);
    else groups.set(hole.repository, [hole]);
  }
  return groups;
}
