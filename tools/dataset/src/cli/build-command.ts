import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { AppError } from '@repoformer/domain';
import {
  buildDataset,
  repositoriesOf,
  type BuildProgress,
  type DatasetBuild,
} from '../build/build-dataset.js';
import { readHoles } from '../build/build-holes.js';
import { countHoles } from '../build/count-holes.js';
import { refuseShared } from '../build/prove-dataset.js';
import { DEFAULT_CONTEXT_OPTIONS } from '../context/hole-context.js';
import {
  fetchCorpus,
  openLocalRepository,
  printRepositories,
  readManifest,
  type CorpusProgress,
  type CorpusRepository,
} from '../corpus/index.js';
import { SPLITS, type Split } from '../record.js';
import { checkShard } from '../shard-of.js';
import { share, wholeNumber } from './number-flags.js';
import { paceOf, ProgressLine } from './progress-line.js';

interface BuildFlags {
  readonly corpus?: string;
  readonly only?: string[];
  readonly repo: string[];
  readonly split: Split;
  readonly tasks: 'sampled' | 'repoeval';
  readonly holes: number;
  readonly seed: string;
  readonly withMiddle: number;
  readonly randomContext: number;
  readonly shards: number;
  readonly shard?: number;
}

/** `build`: takes holes from repositories and finds the context of each. */
export function addBuildCommand(program: Command, signal: AbortSignal): void {
  program
    .command('build')
    .description('take holes from repositories and find the context of each; no model is needed')
    .argument('<dataset>', 'folder to write to; what is there already is not made again')
    .option('--repo <folder...>', 'git repositories of this machine; only what is committed counts', [])
    .addOption(
      new Option('--split <name>', 'what the repositories of --repo serve for')
        .choices([...SPLITS])
        .default('train'),
    )
    .option('--corpus <manifest>', 'packages to fetch by their registries’ clients: see corpora/README.md')
    .option('--only <name...>', 'only these packages of the manifest')
    .addOption(
      new Option(
        '--tasks <which>',
        'holes sampled where a person would want a completion, or lines, calls and functions as RepoEval defines them',
      )
        .choices(['sampled', 'repoeval'])
        .default('sampled'),
    )
    .option('--holes <n>', 'most holes of each repository', wholeNumber, 100)
    .option('--seed <text>', 'another seed gives other holes', '1')
    .option(
      '--with-middle <share>',
      'share of holes whose query holds the truth too, as in a second round of retrieval; 0 to fit a policy',
      share,
      DEFAULT_CONTEXT_OPTIONS.withMiddleShare,
    )
    .option(
      '--random-context <share>',
      'share of holes that get chunks drawn at random',
      share,
      DEFAULT_CONTEXT_OPTIONS.randomShare,
    )
    .option(
      '--shards <n>',
      'parts the repositories are spread over, for --shard; processes side by side need none',
      wholeNumber,
      16,
    )
    .option('--shard <i>', 'only this shard, counted from 0', wholeNumber)
    .action((dataset: string, flags: BuildFlags) => build(resolve(dataset), flags, signal));
}

async function build(directory: string, flags: BuildFlags, signal: AbortSignal): Promise<void> {
  checkShard(flags);
  const { tasks, holes: count, seed, shard, shards } = flags;
  const line = new ProgressLine();
  const repositories = await openRepositories(flags, line, signal);
  // All of them, whatever the shard: none may share anything with what another machine builds.
  const prints = await printRepositories(repositories, signal);
  await refuseShared(directory, prints);
  const own = shard === undefined ? repositories : repositoriesOf(repositories, { shard, shards });
  if (own.length === 0) {
    console.error(`none of ${repositories.length} repositories falls to shard ${shard} of ${shards}`);
    return;
  }
  const built = await buildDataset(own, {
    ...{ directory, seed, count, signal },
    context: { withMiddleShare: flags.withMiddle, randomShare: flags.randomContext },
    ...(tasks === 'repoeval' && { tasks }),
    onProgress: (progress) => line.show(describe(progress)),
  });
  line.end();
  // Another build may have come to an end meanwhile.
  await refuseShared(
    directory,
    prints.filter(({ name }) => !built.empty.includes(name)),
  );
  await tell(directory, own, built);
}

function describe({ phase, name, done, total, holes, rate }: BuildProgress): string {
  const counts = `${Math.floor(done)} of ${total} repositories${paceOf(rate, total - done)}; ${holes} holes`;
  return phase === 'wait'
    ? `${counts}; another process builds ${name}, waiting for it`
    : `${counts}; ${name}`;
}

/** What came of it, and what the dataset holds now. */
async function tell(
  directory: string,
  repositories: readonly CorpusRepository[],
  { holes, empty }: DatasetBuild,
): Promise<void> {
  if (holes === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: 'there is no place for a hole in these repositories: they need source files of some length',
    });
  }
  if (empty.length > 0) console.error(`left out, without a place for a hole: ${empty.join(', ')}`);
  console.error(`${holes} holes of ${repositories.length - empty.length} repositories in ${directory}`);
  const held = await readHoles(directory);
  const names = new Set(repositories.map(({ name }) => name));
  const others = new Set(held.map(({ repository }) => repository).filter((name) => !names.has(name)));
  if (others.size > 0) {
    console.error(`the dataset also holds holes of ${[...others].join(', ')}, from other builds`);
  }
  console.table(countHoles(held));
}

async function openRepositories(
  { corpus, only, repo, split }: BuildFlags,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<CorpusRepository[]> {
  const repositories: CorpusRepository[] = [];
  for (const path of repo) repositories.push(await openLocalRepository(path, split, { signal }));
  if (corpus !== undefined) {
    const onProgress = ({ phase, name, done, total }: CorpusProgress) =>
      line.show(`${phase}: ${done} of ${total} packages, ${name}`);
    repositories.push(...(await fetchCorpus(await readManifest(corpus), { only, signal, onProgress })));
  }
  if (repositories.length === 0) throw refusal('name repositories with --repo, or a manifest with --corpus');
  const names = repositories.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) < at);
  if (twice === undefined) return repositories;
  throw refusal(
    `two of these repositories are called ${twice}: rename a folder, or build them into two datasets`,
  );
}

function refusal(message: string): AppError {
  return new AppError({ kind: 'invalid_argument', reason: 'CONFIG_INVALID', message });
}
