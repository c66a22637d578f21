import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ProgressLine, readCorpusTexts, readHoles, SPLITS, type Split } from '@repoformer/dataset';
import { exportTasks } from '../exchange/export-tasks.js';
import { TASK_FORMATS, type TaskFormat } from '../tasks/index.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './open-repositories.js';

interface ExportFlags extends RepositoryFlags {
  readonly out: string;
  readonly split: Split;
  readonly format: TaskFormat;
}

/** `export`: holes in a published format. */
export function addExportCommand(program: Command, signal: AbortSignal): void {
  addRepositoryFlags(
    program
      .command('export')
      .description(
        'write holes as RepoEval tasks (lines, calls, functions), or as CrossCodeEval tasks with their context',
      )
      .argument('<dataset>', 'folder of the holes')
      .requiredOption('--out <folder>', 'where the tasks go'),
  )
    .addOption(new Option('--format <name>', 'of the files').choices([...TASK_FORMATS]).default('repoeval'))
    .addOption(new Option('--split <name>', 'holes to write').choices([...SPLITS]).default('benchmark'))
    .action((dataset: string, flags: ExportFlags) => run(resolve(dataset), flags, signal));
}

async function run(dataset: string, flags: ExportFlags, signal: AbortSignal): Promise<void> {
  const directory = resolve(flags.out);
  const records = (await readHoles(dataset)).filter(({ split }) => split === flags.split);
  const hasRepositories = flags.corpus !== undefined || flags.repo.length > 0;
  const line = new ProgressLine();
  const wanted = new Set(records.map(({ repository }) => repository));
  const repositories = hasRepositories ? await openRepositories(flags, wanted, line, signal) : [];
  const { tasks, skipped, placed } = await exportTasks(records, {
    directory,
    format: flags.format,
    repositories,
    readTexts: (repository) => readCorpusTexts(repository, signal),
    signal,
  });
  line.end();
  const counts = Object.entries(tasks).map(([kind, count]) => `${count} ${kind}`);
  const without = skipped > 0 ? `; ${skipped} holes are of kinds that the format has not` : '';
  console.log(`${counts.join(', ')} tasks in ${directory}${without}`);
  if (placed < records.length) {
    console.error(
      `${records.length - placed} holes count lines from where the dataset's text of their file begins, and have no repository: name it with --corpus or --repo`,
    );
  }
}
