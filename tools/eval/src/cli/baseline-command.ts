import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import {
  fileError,
  inputDigests,
  labelHoles,
  ProgressLine,
  readCorpusTexts,
  readHoles,
  readLabelRun,
  readLabels,
  SPLITS,
  timeLeft,
  type Split,
} from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import { writeWhole } from '@repoformer/policy-tool';
import { describeNgramRun, NgramModel, NgramRunner } from '../baseline/index.js';
import { isServed } from '../collect/collect-results.js';
import { addRepositoryFlags, openRepositories, type RepositoryFlags } from './open-repositories.js';

interface BaselineFlags extends RepositoryFlags {
  readonly out: string;
  readonly split: Split;
}

/** `baseline`: what any model must beat. */
export function addBaselineCommand(program: Command, signal: AbortSignal): void {
  addRepositoryFlags(
    program
      .command('baseline')
      .description('complete the holes by an n-gram model of their repository: what any model must beat')
      .argument('<dataset>', 'folder of the holes')
      .requiredOption(
        '--out <run>',
        'folder for its labels; name it to `report --baseline` and `study --labels`',
      ),
  )
    .addOption(new Option('--split <name>', 'holes to complete').choices([...SPLITS]).default('benchmark'))
    .action((dataset: string, flags: BaselineFlags) => baseline(resolve(dataset), flags, signal));
}

async function baseline(dataset: string, flags: BaselineFlags, signal: AbortSignal): Promise<void> {
  const directory = resolve(flags.out);
  const holes = (await readHoles(dataset)).filter((hole) => isServed(hole) && hole.split === flags.split);
  if (holes.length === 0) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${dataset} has no hole of the split ${flags.split} with context as the product retrieves it`,
    });
  }
  await openRun(directory);
  const line = new ProgressLine();
  const wanted = new Set(holes.map(({ repository }) => repository));
  const repositories = await openRepositories(flags, wanted, line, signal);
  const startedAt = performance.now();
  let passed = 0;
  let done = 0;
  for (const repository of repositories) {
    if (signal.aborted) break;
    const own = holes.filter((hole) => hole.repository === repository.name);
    const model = new NgramModel(await readCorpusTexts(repository, signal));
    // One file: the work is over in minutes, and a repository's model is built once.
    done += await labelHoles(own, new NgramRunner(model), {
      directory,
      shards: 1,
      signal,
      onProgress: (progress) => {
        const total = done + progress.done;
        const rate = total === 0 ? undefined : (1000 * total) / (performance.now() - startedAt);
        const at = passed + progress.known + progress.done;
        line.show(`${at} of ${holes.length} holes${timeLeft(holes.length - at, rate)}: ${repository.name}`);
      },
    });
    passed += own.length;
  }
  line.end();
  const inputs = inputDigests(holes);
  const labels = await readLabels(directory, inputs);
  const lacking = holes.filter(({ id }) => labels.get(id)?.input !== inputs.get(id)).length;
  if (signal.aborted) console.error('stopped; the same command goes on from here');
  console.log(
    `${done} holes completed now, ${holes.length - lacking} of ${holes.length} in all: ${directory}${lacking > 0 && !signal.aborted ? '; for the others name their repositories with --corpus or --repo' : ''}`,
  );
}

/** Makes the run's folder, or takes up the one that is there. @throws AppError when it is another run's */
async function openRun(directory: string): Promise<void> {
  const run = describeNgramRun();
  const known = await readLabelRun(directory).catch((error: unknown) => {
    if (error instanceof AppError && error.kind === 'not_found') return undefined;
    throw error;
  });
  if (known && known.model.sha256 !== run.model.sha256) {
    throw new AppError({
      kind: 'invalid_argument',
      reason: 'CONFIG_INVALID',
      message: `${directory} holds labels of ${known.model.name}; name another folder with --out`,
    });
  }
  if (known) return;
  await mkdir(directory, { recursive: true }).catch((error: unknown) => {
    throw fileError(directory, error);
  });
  await writeWhole(join(directory, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
}
