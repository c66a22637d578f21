import { join, resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CompletionOptions } from '@repoformer/completion';
import { resolveConfig } from '@repoformer/config';
import {
  atLeast,
  DEFAULT_RUN_SETTINGS,
  describeLabelRun,
  openLabelModel,
  ProgressLine,
  readCorpusTexts,
  readHoles,
  SPLITS,
  thisMachine,
  timeLeft,
  wholeNumber,
  type CorpusRepository,
  type HoleRecord,
  type LabelModel,
  type Split,
} from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import { EAGERNESS_NAMES, type Eagerness } from '@repoformer/policy';
import { writeWhole } from '@repoformer/policy-tool';
import { openSyntax } from '@repoformer/syntax';
import { isServed } from '../collect/collect-results.js';
import { restoreHole } from '../collect/restore-hole.js';
import { HoleServer } from '../serve/hole-server.js';
import { openServedIndex, type ServedIndex } from '../serve/served-index.js';
import { SERVE_MODES, type ServeMode } from '../serve/served-request.js';
import { serveHoles, type ServableHole } from '../serve/serve-holes.js';
import { servedPolicy, type ServedPolicy } from '../serve/served-policy.js';
import { serveMarkdown } from '../serve/serve-markdown.js';
import { openServeRun, type ServeRun } from '../serve/serve-run.js';
import { summarise } from '../serve/summarise.js';
import { describeMachine } from './machine.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './open-repositories.js';

interface ServeFlags extends RepositoryFlags {
  readonly split: Split;
  readonly limit: number;
  readonly modes: readonly ServeMode[];
  readonly model: string;
  readonly modelsDir?: string;
  readonly policy?: string;
  readonly eagerness: Eagerness;
  readonly threads: number;
  readonly seed: string;
  readonly out: string;
  readonly json?: boolean;
}

/** `serve`: latency end to end. */
export function addServeCommand(program: Command, signal: AbortSignal): void {
  addRepositoryFlags(
    program
      .command('serve')
      .description('measure latency end to end, through the completion service and its index')
      .argument('<dataset>', 'folder of the holes')
      .requiredOption('--out <folder>', 'where timings and tables go; the same command goes on with them'),
  )
    .addOption(new Option('--split <name>', 'holes to complete').choices([...SPLITS]).default('benchmark'))
    .option('--limit <n>', 'only so many holes, the same ones each time', atLeast(1), 100)
    .option('--modes <list>', 'of never, always, auto', modeList, [...SERVE_MODES])
    .option('--model <name>', 'name in the catalogue, or a GGUF file', 'default')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--policy <file>', 'fitted policy of `auto` (default: the one of the model)')
    .addOption(
      new Option('--eagerness <name>', 'what the policy pays for time')
        .choices([...EAGERNESS_NAMES])
        .default('balanced'),
    )
    .option('--threads <n>', 'threads of the model; 0: chosen from the machine', wholeNumber, 0)
    .option('--seed <text>', 'another seed gives another order of modes', '1')
    .option('--json', 'print JSON instead of Markdown')
    .action((dataset: string, flags: ServeFlags) => serve(resolve(dataset), flags, signal));
}

async function serve(dataset: string, flags: ServeFlags, signal: AbortSignal): Promise<void> {
  const directory = resolve(flags.out);
  const records = (await readHoles(dataset))
    .filter((hole) => isServed(hole) && hole.split === flags.split)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, flags.limit);
  const line = new ProgressLine();
  const wanted = new Set(records.map(({ repository }) => repository));
  const repositories = await openRepositories(flags, wanted, line, signal);
  const opened = await openLabelModel({
    model: flags.model,
    ...(flags.modelsDir !== undefined && { modelsDirectory: flags.modelsDir }),
    threads: flags.threads,
    signal,
  });
  let index: ServedIndex | undefined;
  try {
    const policy = await servedPolicy(flags.policy, opened.spec);
    const run = await describeRun(opened, policy, flags);
    await openServeRun(directory, run);
    line.show(`indexing ${repositories.length} repositories`);
    index = await openServedIndex(repositories, signal);
    const holes = await servable(records, repositories, index, line, signal);
    const server = new HoleServer({
      model: opened.model,
      retriever: index.retriever,
      options: completionOptions(opened, policy, flags),
      syntax: await openSyntax(),
      seed: flags.seed,
    });
    const served = await serveHoles(holes, server, {
      directory,
      modes: flags.modes,
      signal,
      onProgress: ({ done, total, rate }) =>
        line.show(`${done} of ${total} holes${timeLeft(total - done, rate)}`),
    });
    line.end();
    if (signal.aborted) console.error('stopped; the same command goes on from here');
    if (served.length === 0) return;
    const summary = summarise(served, flags.modes);
    const json = `${JSON.stringify({ schema: 1, run, summary }, null, 1)}\n`;
    const markdown = serveMarkdown(summary, run);
    await writeWhole(join(directory, 'serve.json'), json);
    await writeWhole(join(directory, 'serve.md'), markdown);
    process.stdout.write(flags.json ? json : markdown);
  } finally {
    await index?.close();
    await opened.model.close();
  }
}

/** Holes with all of their file around them, as an editor sends it. */
async function servable(
  records: readonly HoleRecord[],
  repositories: readonly CorpusRepository[],
  index: ServedIndex,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<ServableHole[]> {
  const whole = new Map<string, ServableHole>();
  for (const repository of repositories) {
    const texts = new Map((await readCorpusTexts(repository, signal)).map(({ path, text }) => [path, text]));
    for (const record of records.filter(({ repository: name }) => name === repository.name)) {
      const hole = restoreHole(record, texts.get(record.path) ?? '');
      if (hole) whole.set(hole.id, { hole, repositoryId: index.idOf(repository.name)! });
    }
  }
  const lacking = records.length - whole.size;
  if (lacking > 0) line.note(`${lacking} of ${records.length} holes are not in these repositories; left out`);
  if (whole.size === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: 'no hole of the dataset stands in these repositories; name those that it was built from',
    });
  }
  // The order of ids spreads repositories and kinds over the whole run.
  return records.flatMap(({ id }) => whole.get(id) ?? []);
}

async function describeRun(
  opened: LabelModel,
  { facts }: ServedPolicy,
  { modes, eagerness, threads, seed }: ServeFlags,
): Promise<ServeRun> {
  const { model, placement } = await describeLabelRun(opened, DEFAULT_RUN_SETTINGS);
  const { budgets } = DEFAULT_RUN_SETTINGS;
  const machine = describeMachine();
  return { schema: 1, model, placement, policy: facts, eagerness, budgets, modes, threads, seed, machine };
}

function completionOptions(
  { spec, format }: LabelModel,
  { recommended, fitted }: ServedPolicy,
  { eagerness }: ServeFlags,
): CompletionOptions {
  // The daemon's where nobody says otherwise: what is measured must not depend on whose machine it is.
  const { retriever, topK, retrievalTimeoutMs } = resolveConfig({ machine: thisMachine() }).config;
  return {
    retriever,
    topK,
    retrievalTimeoutMs,
    policy: 'auto',
    ...(recommended && { recommended }),
    ...(fitted && { fitted }),
    eagerness,
    ...(spec.family !== undefined && { family: spec.family }),
    placement: format.placement,
    budgets: DEFAULT_RUN_SETTINGS.budgets,
  };
}

function modeList(text: string): ServeMode[] {
  const names = text.split(',').map((name) => name.trim());
  const isMode = (name: string): name is ServeMode => (SERVE_MODES as readonly string[]).includes(name);
  if (!names.every(isMode)) throw new InvalidArgumentError(`it must be some of ${SERVE_MODES.join(', ')}.`);
  return SERVE_MODES.filter((mode) => names.includes(mode));
}
