import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { atLeast, ProgressLine, readCorpusTexts, SPLITS, timeLeft, type Split } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import { isServed, joinLabels, type LabelledHole } from '../collect/collect-results.js';
import { testFunctions, type TestedRepository } from '../functions/test-functions.js';
import { ALONE } from '../results.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './open-repositories.js';

interface FunctionsFlags extends RepositoryFlags {
  readonly labels: string;
  readonly split: Split;
  readonly timeout: number;
  readonly isolation: boolean;
}

/** `functions`: the packages' own tests with each completion of a function. */
export function addFunctionsCommand(program: Command, signal: AbortSignal): void {
  addRepositoryFlags(
    program
      .command('functions')
      .description(
        'run the packages’ own tests with each completion of a function; `report` then shows pass rates',
      )
      .argument('<dataset>', 'folder of the holes')
      .requiredOption('--labels <run>', 'folder of their labels; verdicts go to tests.jsonl in it'),
  )
    .addOption(new Option('--split <name>', 'holes to test').choices([...SPLITS]).default('benchmark'))
    .option('--timeout <seconds>', 'for one run of a package’s tests', atLeast(1), 120)
    .option('--no-isolation', 'run generated code with your rights and network; only for code that you trust')
    .action((dataset: string, flags: FunctionsFlags) => functions(resolve(dataset), flags, signal));
}

async function functions(dataset: string, flags: FunctionsFlags, signal: AbortSignal): Promise<void> {
  const labels = resolve(flags.labels);
  const { holes } = await joinLabels(
    dataset,
    labels,
    (hole) => isServed(hole) && hole.split === flags.split && hole.kind === 'function',
  );
  const line = new ProgressLine();
  const wanted = new Set(holes.map(({ hole }) => hole.repository));
  const opened = await openRepositories(flags, wanted, line, signal);
  const repositories = opened.filter((each): each is TestedRepository => each.tests !== undefined);
  if (repositories.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `none of ${opened.map(({ name }) => name).join(', ')} has "tests" in its manifest: there is nothing to run`,
    });
  }
  const named = new Set(repositories.map(({ name }) => name));
  const own = holes.filter(({ hole }) => named.has(hole.repository));
  const result = await testFunctions(labels, own, repositories, {
    cacheDirectory: resolve(flags.cache),
    labelsDirectory: labels,
    timeoutMs: flags.timeout * 1000,
    isolation: flags.isolation ? 'required' : 'none',
    signal,
    readTexts: (repository) => readCorpusTexts(repository, signal),
    onProgress: ({ done, total, rate, repository }) =>
      line.show(`${done} of ${total} completions${timeLeft(total - done, rate)}: ${repository}`),
    onSkipped: (repository, path, why) => line.note(`${repository}, ${path}: left out: ${why}`),
  });
  line.end();
  if (signal.aborted) console.error('stopped; the same command goes on from here');
  const { tested, untested, broken, judged } = result;
  console.log(
    `${tested} of ${own.length} function holes are tested (${untested} are not covered, of ${broken} the tests fail as they are); ${judged} completions judged now`,
  );
  for (const sentence of await passRates(dataset, labels, own)) console.log(sentence);
}

/** The pass rate at each number of chunks that has completions. */
async function passRates(dataset: string, labels: string, own: readonly LabelledHole[]): Promise<string[]> {
  const ids = new Set(own.map(({ hole }) => hole.id));
  const { holes } = await joinLabels(dataset, labels, ({ id }) => ids.has(id));
  const judged = holes.filter(({ passed }) => passed.size > 0);
  const rate = (of: (passed: ReadonlyMap<number, boolean>) => boolean | undefined) => {
    const known = judged.flatMap(({ passed }) => of(passed) ?? []);
    const share = known.filter(Boolean).length;
    return `${share} of ${known.length}${known.length > 0 ? ` (${((100 * share) / known.length).toFixed(1)} %)` : ''}`;
  };
  if (judged.length === 0) return [];
  return [
    ...(judged.some(({ passed }) => passed.has(ALONE))
      ? [`pass with nothing retrieved: ${rate((passed) => passed.get(ALONE))}`]
      : []),
    `pass without context in the prompt: ${rate((passed) => passed.get(0))}`,
    `pass with all context: ${rate((passed) => passed.get(Math.max(...passed.keys())))}`,
  ];
}
