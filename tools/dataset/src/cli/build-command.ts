import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { AppError } from '@repoformer/domain';
import { buildHoles, readHoles } from '../build/build-holes.js';
import { DEFAULT_CONTEXT_OPTIONS } from '../context/hole-context.js';
import {
  fetchCorpus,
  openLocalRepository,
  proveDisjoint,
  readCorpusTexts,
  readManifest,
  type CorpusRepository,
} from '../corpus/index.js';
import { sampleHoles } from '../holes/index.js';
import { SPLITS, type Split } from '../record.js';
import { wholeNumber } from './label-command.js';
import { ProgressLine } from './progress-line.js';

interface BuildFlags {
  readonly corpus?: string;
  readonly only?: string[];
  readonly repo: string[];
  readonly split: Split;
  readonly holes: number;
  readonly seed: string;
  readonly withMiddle: number;
  readonly randomContext: number;
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
    .action((dataset: string, flags: BuildFlags) => build(resolve(dataset), flags, signal));
}

async function build(directory: string, flags: BuildFlags, signal: AbortSignal): Promise<void> {
  const line = new ProgressLine();
  const repositories = await openRepositories(flags, line, signal);
  const context = { withMiddleShare: flags.withMiddle, randomShare: flags.randomContext };
  let total = 0;
  for (const [number, repository] of repositories.entries()) {
    line.show(`${number} of ${repositories.length} repositories, ${total} holes: ${repository.name}`);
    const files = await readCorpusTexts(repository, signal);
    const { name, split, root, commit } = repository;
    const holes = await sampleHoles({ name, split, files }, { seed: flags.seed, count: flags.holes, signal });
    if (holes.length === 0) {
      line.note(`${name}: no place for a hole in ${files.length} source files; it is left out`);
      continue;
    }
    await buildHoles({ name, root, commit, files }, holes, { directory, context, signal });
    total += holes.length;
  }
  line.end();
  if (total === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: 'there is no place for a hole in these repositories: they need source files of some length',
    });
  }
  console.error(`${total} holes of ${repositories.length} repositories in ${directory}`);
  const names = new Set(repositories.map(({ name }) => name));
  const others = new Set(
    (await readHoles(directory)).flatMap(({ repository }) => (names.has(repository) ? [] : [repository])),
  );
  if (others.size > 0) {
    console.error(`the dataset also holds holes of ${[...others].join(', ')}, from builds before this one`);
  }
}

async function openRepositories(
  { corpus, only, repo, split }: BuildFlags,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<CorpusRepository[]> {
  const repositories: CorpusRepository[] = [];
  for (const path of repo) repositories.push(await openLocalRepository(path, split, { signal }));
  if (corpus !== undefined) {
    const onProgress = ({
      phase,
      name,
      done,
      total,
    }: {
      phase: string;
      name: string;
      done: number;
      total: number;
    }) => line.show(`${phase}: ${done} of ${total} packages, ${name}`);
    repositories.push(...(await fetchCorpus(await readManifest(corpus), { only, signal, onProgress })));
  }
  if (repositories.length === 0) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'CONFIG_INVALID',
      message: 'name repositories with --repo, or a manifest with --corpus',
    });
  }
  const violations = await proveDisjoint(repositories, signal);
  if (violations.length > 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `what evaluates is also in what is learnt from, in ${violations.length} places; the first: ${JSON.stringify(violations[0])}`,
    });
  }
  return repositories;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('it must be a number from 0 to 1.');
}
