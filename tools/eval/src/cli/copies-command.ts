import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  ProgressLine,
  readCorpusTexts,
  readManifest,
  SPLITS,
  wholeNumber,
  type Split,
} from '@repoformer/dataset';
import { isServed, joinLabels, type LabelledHole } from '../collect/collect-results.js';
import { CopiedRuns } from '../copies/copied-runs.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './open-repositories.js';

interface CopiesFlags extends RepositoryFlags {
  readonly corpus: string;
  readonly labels: string;
  readonly split: Split;
  readonly of: Split;
  readonly length: number;
  readonly json?: boolean;
}

/** `copies`: whether a model repeats what it was trained on. */
export function addCopiesCommand(program: Command, signal: AbortSignal): void {
  addRepositoryFlags(
    program
      .command('copies')
      .description(
        'count completions that repeat runs of tokens of a corpus, and how many truths of the same holes do by chance',
      )
      .argument('<dataset>', 'folder of the holes')
      .requiredOption('--labels <run>', 'labels with completions'),
  )
    .addOption(new Option('--split <name>', 'holes').choices([...SPLITS]).default('benchmark'))
    .addOption(
      new Option('--of <name>', 'repositories of the manifest that may have been repeated')
        .choices([...SPLITS])
        .default('train'),
    )
    .option('--length <n>', 'tokens of a run', wholeNumber, 20)
    .option('--json', 'as JSON, with a run of each text')
    .action((dataset: string, flags: CopiesFlags) => copies(resolve(dataset), flags, signal));
}

async function copies(dataset: string, flags: CopiesFlags, signal: AbortSignal): Promise<void> {
  const { holes } = await joinLabels(
    dataset,
    resolve(flags.labels),
    (hole) => isServed(hole) && hole.split === flags.split,
  );
  const groups = [
    { name: 'without context', texts: holes.map((hole) => completionOf(hole, 0)) },
    { name: 'with context', texts: holes.map((hole) => completionOf(hole, -1)) },
    { name: 'truth', texts: holes.map(({ hole }) => hole.middle) },
  ];
  const suspects = groups.flatMap(({ texts }) =>
    texts.map((text, at) => ({ text, inView: inView(holes[at]!) })),
  );
  const runs = new CopiedRuns(suspects, flags.length);
  const line = new ProgressLine();
  const { entries } = flags.corpus === undefined ? { entries: [] } : await readManifest(flags.corpus);
  const wanted = new Set(entries.flatMap(({ name, split }) => (split === flags.of ? [name] : [])));
  const repositories = await openRepositories(flags, wanted, line, signal);
  for (const [at, repository] of repositories.entries()) {
    line.show(`${at} of ${repositories.length} repositories: ${repository.name}`);
    for (const { text } of await readCorpusTexts(repository, signal)) runs.search(text);
  }
  line.end();
  const result = groups.map(({ name }, group) => {
    const places = holes.map((_, at) => group * holes.length + at);
    const long = places.filter((place) => runs.longEnough.has(place));
    const copied = places.flatMap((place) => runs.copied.get(place) ?? []);
    return { name, texts: long.length, copied: copied.length, runs: copied };
  });
  if (flags.json)
    return console.log(
      JSON.stringify({ length: flags.length, repositories: repositories.length, groups: result }, null, 2),
    );
  console.log(
    `Of texts of ${flags.length} tokens and more, those that have as many in a row of ${repositories.length} repositories, and not of their prompt:`,
  );
  for (const { name, texts, copied } of result) {
    const share = texts === 0 ? '' : ` (${((100 * copied) / texts).toFixed(1)} %)`;
    console.log(`${name.padEnd(16)} ${copied} of ${texts}${share}`);
  }
}

function completionOf({ label }: LabelledHole, variant: number): string {
  return label.variants.at(variant)?.completion?.text ?? '';
}

function inView({ hole }: LabelledHole): string[] {
  return [hole.prefix, hole.suffix, ...hole.context.chunks.map(({ text }) => text)];
}
