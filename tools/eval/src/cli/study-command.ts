import { access } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { SPLITS, type Split } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { writeWhole } from '@repoformer/policy-tool';
import { isServed, joinLabels } from '../collect/collect-results.js';
import { compareRuns, type StudiedRun } from '../study/compare-runs.js';
import { studyMarkdown } from '../study/study-markdown.js';

interface StudyFlags {
  readonly labels: readonly string[];
  readonly split: Split;
  readonly out?: string;
  readonly json?: boolean;
}

/** `study`: runs of labels side by side. */
export function addStudyCommand(program: Command, signal: AbortSignal): void {
  program
    .command('study')
    .description(
      'compare runs of labels hole by hole: models, placements, orders, budgets, numbers of chunks',
    )
    .argument('<dataset>', 'folder of the holes')
    .requiredOption(
      '--labels <run...>',
      'folders of labels, of this dataset or of one with the same holes; differences are to the first',
    )
    .addOption(new Option('--split <name>', 'holes to compare at').choices([...SPLITS]).default('benchmark'))
    .option('--out <folder>', 'write study.md and study.json there, too')
    .option('--json', 'print JSON instead of Markdown')
    .action((dataset: string, flags: StudyFlags) => study(resolve(dataset), flags, signal));
}

async function study(dataset: string, flags: StudyFlags, signal: AbortSignal): Promise<void> {
  const runs: StudiedRun[] = [];
  for (const folder of flags.labels) {
    throwIfAborted(signal);
    const directory = resolve(folder);
    const source = await datasetOf(directory, dataset);
    const joined = await joinLabels(
      source,
      directory,
      (hole) => isServed(hole) && hole.split === flags.split,
    );
    const run = basename(directory);
    const name = source === dataset ? run : `${basename(source)}/${run}`;
    runs.push({ name: nameOf(name, runs), ...joined });
  }
  const compared = compareRuns(runs);
  const json = `${JSON.stringify(compared, null, 1)}\n`;
  const markdown = studyMarkdown(compared);
  if (flags.out !== undefined) {
    await writeWhole(join(resolve(flags.out), 'study.md'), markdown);
    await writeWhole(join(resolve(flags.out), 'study.json'), json);
  }
  process.stdout.write(flags.json ? json : markdown);
}

/** The same holes may stand in several datasets with other context: labels in one of them are of its holes. */
async function datasetOf(labels: string, dataset: string): Promise<string> {
  const own = dirname(dirname(labels));
  const isOne = await access(join(own, 'holes')).then(
    () => true,
    () => false,
  );
  return isOne ? own : dataset;
}

/** Folders of one name in different places are told apart by a number. */
function nameOf(name: string, runs: readonly StudiedRun[]): string {
  const same = runs.filter((run) => run.name.replace(/ \(\d+\)$/, '') === name).length;
  return same === 0 ? name : `${name} (${same + 1})`;
}
