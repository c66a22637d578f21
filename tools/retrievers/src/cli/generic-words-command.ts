import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { ProgressLine, readCorpusTexts, SPLITS, writeWhole, type Split } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { GENERIC_REPOSITORIES, GenericWordCounter } from '../names/generic-words.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './repository-flags.js';

interface GenericWordsFlags extends RepositoryFlags {
  readonly split: Split;
  readonly out: string;
}

/** `generic-words`: makes the list of names that everyone uses. */
export function addGenericWordsCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('generic-words')
    .description(
      `list the names that ${GENERIC_REPOSITORIES} or more repositories have: a model knows them unshown`,
    );
  addRepositoryFlags(command)
    .addOption(new Option('--split <name>', 'of the manifest').choices([...SPLITS]).default('train'))
    .requiredOption('--out <file>', 'one name a line')
    .action((flags: GenericWordsFlags) => listGenericWords(flags, signal));
}

async function listGenericWords(flags: GenericWordsFlags, signal: AbortSignal): Promise<void> {
  const line = new ProgressLine();
  const repositories = await openRepositories(flags, ({ split }) => split === flags.split, line, signal);
  const counter = new GenericWordCounter();
  for (const [number, repository] of repositories.entries()) {
    throwIfAborted(signal);
    line.show(`${number} of ${repositories.length} repositories: ${repository.name}`);
    counter.add(await readCorpusTexts(repository, signal));
  }
  line.end();
  const words = counter.words();
  await writeWhole(resolve(flags.out), words.map((word) => `${word}\n`).join(''));
  console.error(`${words.length} names of ${repositories.length} repositories`);
}
