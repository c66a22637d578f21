import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { readHoles } from '../build/build-holes.js';
import { countHoles } from '../build/count-holes.js';
import { inputDigests, readLabels } from '../label/label-holes.js';
import { labelStatistics } from '../label/label-statistics.js';
import { tellStale } from './label-command.js';

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
      const inputs = inputDigests(holes);
      const labels = [];
      for (const run of runs.sort()) {
        const ofRun = await readLabels(join(directory, 'labels', run), inputs);
        const { groups, stale } = labelStatistics(holes, ofRun);
        labels.push({ run, statistics: groups, stale });
      }
      if (json) return console.log(JSON.stringify({ holes: countHoles(holes), labels }, null, 2));
      console.table(countHoles(holes));
      for (const { run, statistics, stale } of labels) {
        console.log(run);
        if (stale > 0) console.log(tellStale(stale));
        console.table(statistics.map((row) => ({ ...row, ...rounded(row) })));
      }
    });
}

function rounded(row: object): Record<string, number> {
  const numbers = Object.entries(row).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number',
  );
  return Object.fromEntries(numbers.map(([name, value]) => [name, Number(value.toFixed(3))]));
}
