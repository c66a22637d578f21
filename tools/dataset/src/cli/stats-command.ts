import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readHoles } from '../build/build-holes.js';
import { readLabels } from '../label/label-holes.js';
import { labelStatistics } from '../label/label-statistics.js';
import type { HoleRecord } from '../record.js';

/** `stats`: what is in a dataset, and what its labels say. */
export function addStatsCommand(program: Command): void {
  program
    .command('stats')
    .description('tell what a dataset holds and what its labels say')
    .argument('<dataset>', 'folder that `build` made')
    .option('--json', 'as JSON')
    .action(async (dataset: string, { json }: { json?: boolean }) => {
      const directory = resolve(dataset);
      const holes = await readHoles(directory);
      const runs = await readdir(join(directory, 'labels')).catch(() => [] as string[]);
      const labels = [];
      for (const run of runs.sort()) {
        const statistics = labelStatistics(holes, await readLabels(join(directory, 'labels', run)));
        labels.push({ run, statistics });
      }
      if (json) return console.log(JSON.stringify({ holes: countHoles(holes), labels }, null, 2));
      console.table(countHoles(holes));
      for (const { run, statistics } of labels) {
        console.log(run);
        console.table(statistics.map((row) => ({ ...row, ...rounded(row) })));
      }
    });
}

/** Holes and repositories by split and kind. */
function countHoles(holes: readonly HoleRecord[]): Record<string, Record<string, number>> {
  const counts: Record<string, Record<string, number>> = {};
  for (const split of new Set(holes.map((hole) => hole.split))) {
    const members = holes.filter((hole) => hole.split === split);
    const row: Record<string, number> = {
      repositories: new Set(members.map(({ repository }) => repository)).size,
      holes: members.length,
    };
    for (const { kind, language } of members) {
      row[kind] = (row[kind] ?? 0) + 1;
      row[language] = (row[language] ?? 0) + 1;
    }
    counts[split] = row;
  }
  return counts;
}

function rounded(row: object): Record<string, number> {
  const numbers = Object.entries(row).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return Object.fromEntries(numbers.map(([name, value]) => [name, Number(value.toFixed(3))]));
}
