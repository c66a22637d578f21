import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  atLeast,
  DEFAULT_RUN_SETTINGS,
  fileError,
  ProgressLine,
  readCorpusTexts,
  readLabels,
  safeName,
  writeWhole,
  type HoleRecord,
} from '@repoformer/dataset';
import { throwIfAborted } from '@repoformer/domain';
import { loadEmbedder } from '@repoformer/engine';
import { visibleText } from '@repoformer/fim';
import { openSyntax } from '@repoformer/syntax';
import { CHUNKER_NAMES, type ChunkerName } from '../chunkers/chunker-table.js';
import { RepositoryWords, recordWithContext } from '../measure/dataset-record.js';
import { measureRepository, type HoleOutcome, type MeasureOptions } from '../measure/measure-repository.js';
import { nameOf, setupsOf, type Setup } from '../measure/setup.js';
import { summarise } from '../measure/summarise.js';
import { summaryMarkdown } from '../measure/summary-markdown.js';
import { genericWords } from '../names/generic-words.js';
import { parseNameModel } from '../names/name-model.js';
import {
  RETRIEVER_NAMES,
  RETRIEVERS,
  type RetrieverName,
  type RetrieverRow,
} from '../retrievers/retriever-table.js';
import { SELECTOR_NAMES, type SelectorName } from '../selection/selector-table.js';
import { addDatasetFlags, byRepository, selectHoles, type DatasetFlags } from './dataset-flags.js';
import { openRepositories, refusal } from './repository-flags.js';

interface MeasureFlags extends DatasetFlags {
  readonly retriever: RetrieverName[];
  readonly chunker: ChunkerName[];
  readonly selector: SelectorName[];
  readonly budget: number[];
  readonly ownFile: boolean;
  readonly drafts?: string;
  readonly embeddingModel?: string;
  readonly nameModel?: string;
  readonly out: string;
  readonly writeDataset?: string;
}

/** Retrievers that need nothing but a repository. */
const PLAIN_RETRIEVERS = RETRIEVER_NAMES.filter(
  (name) => (RETRIEVERS[name] as RetrieverRow).needs === undefined,
);

/** `measure`: how much of what is needed each way to retrieve finds. */
export function addMeasureCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('measure')
    .description(
      'how many of the names that a completion needs each way to retrieve shows, and what it takes',
    )
    .argument('<dataset>', 'folder that `repoformer-dataset build` made');
  addDatasetFlags(command, ['train', 'calibration'])
    .addOption(
      new Option('--retriever <name...>', 'the first one is what others are held against')
        .choices([...RETRIEVER_NAMES])
        .default(PLAIN_RETRIEVERS, 'all but draft and dense'),
    )
    .addOption(
      new Option('--chunker <name...>', 'how files are cut')
        .choices([...CHUNKER_NAMES])
        .default(['windows-20']),
    )
    .addOption(
      new Option('--selector <name...>', 'how the budget is filled; default: as suits each retriever')
        .choices([...SELECTOR_NAMES])
        .default([], 'its own'),
    )
    .option('--budget <tokens...>', 'tokens of context', budgets, [190, 512])
    .option('--no-own-file', 'search other files only')
    .option(
      '--drafts <run>',
      'labels of a model: its completions without context are the drafts; holes without one are left out',
    )
    .option('--embedding-model <file>', 'GGUF file for dense; every chunk is embedded, which takes long')
    .option(
      '--name-model <file>',
      'for needed-names, made by fit-names; default: the one that comes with this tool',
    )
    .requiredOption('--out <folder>', 'where measure.md and measure.json go')
    .option(
      '--write-dataset <folder>',
      'write the holes again, with what one retriever, chunker and selector shows within the largest budget',
    )
    .addHelpText('after', () => `\nRetrievers:\n${RETRIEVER_NAMES.map(helpOf).join('\n')}`)
    .action((dataset: string, flags: MeasureFlags) => measure(resolve(dataset), flags, signal));
}

async function measure(dataset: string, flags: MeasureFlags, signal: AbortSignal): Promise<void> {
  const setups = setupsOf(flags.retriever, flags.chunker, flags.selector);
  check(setups, flags);
  const drafts = flags.drafts === undefined ? undefined : await readDrafts(resolve(flags.drafts));
  const holes = await selectHoles(dataset, flags, ({ id }) => drafts === undefined || drafts.has(id));
  const nameModel =
    flags.nameModel === undefined ? undefined : parseNameModel(await readText(resolve(flags.nameModel)));
  const embedder =
    flags.embeddingModel === undefined ? undefined : await loadEmbedder(resolve(flags.embeddingModel));
  try {
    const outcomes = await measureAll(holes, flags, {
      setups,
      budgets: flags.budget,
      visible: visibleText(DEFAULT_RUN_SETTINGS.budgets),
      searchOwnFile: flags.ownFile,
      generic: genericWords(),
      syntax: await openSyntax(),
      parts: {
        ...(embedder && { embed: (texts: readonly string[]) => embedder.embed(texts, signal) }),
        ...(nameModel && { nameModel }),
      },
      signal,
      ...(drafts && { drafts }),
    });
    await report(setups, outcomes, dataset, flags);
  } finally {
    await embedder?.close();
  }
}

/** One repository after the other. */
async function measureAll(
  holes: readonly HoleRecord[],
  flags: MeasureFlags,
  options: MeasureOptions,
): Promise<Map<string, HoleOutcome[]>> {
  const { setups, signal } = options;
  const line = new ProgressLine();
  const groups = byRepository(holes);
  const repositories = await openRepositories(flags, ({ name }) => groups.has(name), line, signal);
  const outcomes = new Map<string, HoleOutcome[]>(setups.map((setup) => [nameOf(setup), []]));
  let lost = 0;
  for (const [number, { name, ...repository }] of repositories.entries()) {
    throwIfAborted(signal);
    line.show(`${number} of ${repositories.length} repositories: ${name}`);
    const texts = await readCorpusTexts(repository, signal);
    const written: HoleRecord[] = [];
    const words = flags.writeDataset === undefined ? undefined : new RepositoryWords(texts);
    const result = await measureRepository(texts, groups.get(name)!, {
      ...options,
      ...(words && {
        onShown: (hole, _, spans, ms) => written.push(recordWithContext(hole, spans, ms, words)),
      }),
    });
    lost += result.lost;
    for (const [setup, rows] of result.outcomes) outcomes.get(setup)!.push(...rows);
    if (flags.writeDataset !== undefined && written.length > 0) {
      const file = `${safeName(name)}.${nameOf(setups[0]!).replaceAll(' ', '.')}.jsonl`;
      const text = written.map((record) => `${JSON.stringify(record)}\n`).join('');
      await writeWhole(join(resolve(flags.writeDataset), 'holes', file), text);
    }
  }
  line.end();
  if (lost > 0) console.error(`${lost} holes are not where the dataset says: they are left out`);
  if (outcomes.get(nameOf(setups[0]!))!.length > 0) return outcomes;
  throw refusal('no hole is in these repositories as the dataset says; name those that it was built from');
}

async function report(
  setups: readonly Setup[],
  outcomes: ReadonlyMap<string, readonly HoleOutcome[]>,
  dataset: string,
  { out, budget, seed, limit, split, ownFile }: MeasureFlags,
): Promise<void> {
  const summary = summarise(setups, outcomes, { budgets: budget, seed });
  const markdown = summaryMarkdown(summary);
  const settings = { dataset, split, seed, ownFile, ...(limit !== undefined && { limit }) };
  await writeWhole(join(resolve(out), 'measure.md'), markdown);
  await writeWhole(
    join(resolve(out), 'measure.json'),
    `${JSON.stringify({ schema: 1, settings, ...summary }, null, 1)}\n`,
  );
  process.stdout.write(markdown);
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw fileError(path, cause);
  });
}

async function readDrafts(run: string): Promise<Map<string, string>> {
  const labels = await readLabels(run);
  return new Map(
    [...labels].flatMap(([id, { variants }]) => {
      const text = variants[0].completion?.text;
      return text === undefined ? [] : [[id, text] as const];
    }),
  );
}

function check(
  setups: readonly Setup[],
  { drafts, writeDataset, retriever, embeddingModel }: MeasureFlags,
): void {
  if (setups.length === 0) {
    throw refusal(
      'these selectors cover names, and none of these retrievers says which are needed: take needed-names',
    );
  }
  if (drafts === undefined && setups.some(({ retriever: name }) => needsOf(name) === 'draft')) {
    throw refusal('a second round needs what a model wrote in the first: name a run of labels with --drafts');
  }
  if (embeddingModel === undefined && retriever.some((name) => needsOf(name) === 'embedding')) {
    throw refusal('dense needs a model to embed with: name its GGUF file with --embedding-model');
  }
  if (writeDataset !== undefined && setups.length !== 1) {
    throw refusal('a dataset has one context for each hole: name one --retriever, --chunker and --selector');
  }
}

function helpOf(name: RetrieverName): string {
  return `  ${name.padEnd(18)} ${RETRIEVERS[name].about}`;
}

function needsOf(name: RetrieverName): RetrieverRow['needs'] {
  return (RETRIEVERS[name] as RetrieverRow).needs;
}

/** Commander gives the values one by one; the first replaces the default. */
function budgets(text: string, before: readonly number[] & { isGiven?: true }): number[] {
  const value = atLeast(1)(text);
  return Object.assign(before.isGiven ? [...before, value] : [value], { isGiven: true as const });
}
