import { resolve } from 'node:path';
import type { Command } from 'commander';
import { DEFAULT_RUN_SETTINGS, ProgressLine, readCorpusTexts, writeWhole } from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { visibleText } from '@repoformer/fim';
import { openSyntax } from '@repoformer/syntax';
import { collectNameChoices } from '../measure/collect-name-choices.js';
import { fitNameModel, type NameChoice } from '../names/fit-name-model.js';
import { genericWords } from '../names/generic-words.js';
import { GENERIC_FACTOR, NAME_FEATURES } from '../names/name-model.js';
import { addDatasetFlags, byRepository, selectHoles, type DatasetFlags } from './dataset-flags.js';
import { openRepositories, refusal } from './repository-flags.js';

interface FitNamesFlags extends DatasetFlags {
  readonly out: string;
}

/** `fit-names`: what tells that a name is needed. */
export function addFitNamesCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('fit-names')
    .description('fit the model of needed-names: which of the names in the pool a hole needs')
    .argument('<dataset>', 'folder that `repoformer-dataset build` made');
  addDatasetFlags(command, ['train'])
    .requiredOption('--out <file>', 'JSON to write')
    .action((dataset: string, flags: FitNamesFlags) => fitNames(resolve(dataset), flags, signal));
}

async function fitNames(dataset: string, flags: FitNamesFlags, signal: AbortSignal): Promise<void> {
  const groups = byRepository(await selectHoles(dataset, flags));
  const line = new ProgressLine();
  const repositories = await openRepositories(flags, ({ name }) => groups.has(name), line, signal);
  const options = {
    visible: visibleText(DEFAULT_RUN_SETTINGS.budgets),
    searchOwnFile: true,
    generic: genericWords(),
    syntax: await openSyntax(),
    signal,
  };
  const choices: NameChoice[] = [];
  for (const [number, { name, ...repository }] of repositories.entries()) {
    throwIfAborted(signal);
    line.show(`${number} of ${repositories.length} repositories: ${name}`);
    const texts = await readCorpusTexts(repository, signal);
    choices.push(...(await collectNameChoices(texts, groups.get(name)!, options)));
  }
  line.end();
  if (choices.length === 0)
    throw refusal('no hole of these needs a name that can be found: there is nothing to fit');
  const { weights, loss, lossWithout } = fitNameModel(choices);
  const model = {
    schema: 1,
    weights: Object.fromEntries(NAME_FEATURES.map((name) => [name, Number(weights[name].toFixed(3))])),
    genericFactor: GENERIC_FACTOR,
  };
  await writeWhole(resolve(flags.out), `${JSON.stringify(model, null, 2)}\n`);
  console.error(
    `${choices.length} holes: ${loss.toFixed(3)} nats a needed name, ${lossWithout.toFixed(3)} without weights`,
  );
}
