import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { defaultCacheDir, HOLE_KINDS, ProgressLine, type HoleKind } from '@repoformer/dataset';
import { count } from '../analysis/index.js';
import { importTasks } from '../exchange/import-tasks.js';
import { TASK_FORMATS, type TaskFormat } from '../tasks/index.js';

interface ImportFlags {
  readonly out: string;
  readonly format?: TaskFormat;
  readonly kind?: HoleKind;
  readonly repositories?: string;
  readonly cache: string;
}

/** `import`: published tasks as a dataset. */
export function addImportCommand(program: Command, signal: AbortSignal): void {
  program
    .command('import')
    .description('make a dataset of published tasks: RepoEval, CrossCodeEval, CrossCodeLongEval')
    .argument('<file...>', 'files of tasks; those of one data set together')
    .requiredOption('--out <dataset>', 'folder of the dataset')
    .addOption(
      new Option('--format <name>', 'of the files (default: told from the first record)').choices([
        ...TASK_FORMATS,
      ]),
    )
    .addOption(
      new Option('--kind <kind>', 'what the holes are (default: told from the file’s name)').choices([
        ...HOLE_KINDS,
      ]),
    )
    .option('--repositories <folder>', 'holds the data set’s repositories, one folder each; not written to')
    .option('--cache <folder>', 'where they are made git repositories', defaultCacheDir())
    .action((files: string[], flags: ImportFlags) => run(files, flags, signal));
}

async function run(files: readonly string[], flags: ImportFlags, signal: AbortSignal): Promise<void> {
  const { format, kind, repositories } = flags;
  const directory = resolve(flags.out);
  const line = new ProgressLine();
  const result = await importTasks(
    files.map((file) => resolve(file)),
    {
      directory,
      cacheDirectory: resolve(flags.cache),
      ...(format && { format }),
      ...(kind && { kind }),
      ...(repositories !== undefined && { repositoriesRoot: resolve(repositories) }),
      signal,
      onProgress: ({ done, total, name }) => line.show(`${done} of ${total} repositories: ${name}`),
    },
  );
  line.end();
  const { holes, given, retrieved, without } = result;
  console.log(
    `${count(holes, 'hole')} of ${count(result.repositories, 'repository', 'repositories')} in ${directory}: ${given} with the context they came with, ${retrieved} with retrieved context, ${without} without any`,
  );
}
