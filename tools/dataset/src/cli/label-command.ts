import { join, resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { readHoles } from '../build/build-holes.js';
import { HoleRunner } from '../label/hole-runner.js';
import { inputDigests, labelHoles, readLabels } from '../label/label-holes.js';
import type { LabelRecord } from '../label/label-record.js';
import { describeLabelRun, openLabelRun } from '../label/label-run.js';
import { labelStatistics } from '../label/label-statistics.js';
import { openLabelModel } from '../label/open-label-model.js';
import { DEFAULT_RUN_SETTINGS, type RunSettings } from '../label/run-settings.js';
import { SPLITS, type HoleRecord, type Split } from '../record.js';
import { checkShard } from '../shard-of.js';
import { wholeNumber } from './number-flags.js';
import { paceOf, ProgressLine } from './progress-line.js';
import { addPromptFlags, promptSettings, type PromptFlags } from './prompt-flags.js';

interface LabelFlags extends PromptFlags {
  readonly model: string;
  readonly modelsDir?: string;
  readonly adapter?: string[];
  readonly family?: string;
  readonly placement?: 'after-suffix' | 'comment-prefix' | 'repository';
  readonly order?: 'best-first' | 'best-last';
  readonly completions: RunSettings['completions'];
  readonly split: readonly Split[];
  readonly limit?: number;
  readonly shards: number;
  readonly shard?: number;
  readonly threads: number;
  readonly torch?: string;
  readonly device: 'cpu' | 'cuda';
  readonly parallel: number;
}

/** `label`: puts the holes to a model, with and without their context. */
export function addLabelCommand(program: Command, signal: AbortSignal): void {
  const command = program
    .command('label')
    .description('complete each hole with and without its context, and keep what came of it')
    .argument('<dataset>', 'folder that `build` made')
    .option('--model <name>', 'name in the catalogue, or a GGUF file', 'default')
    .option('--models-dir <folder>', 'where pulled models lie')
    .option('--adapter <file...>', 'adapters, in place of those of the catalogue')
    .option('--family <name>', 'how prompts are written (default: as the model is served)')
    .addOption(
      new Option('--placement <place>', 'where context stands (default: as the model is served)').choices([
        'after-suffix',
        'comment-prefix',
        'repository',
      ]),
    )
    .addOption(
      new Option('--order <order>', 'order of the chunks (default: as the model is served)').choices([
        'best-first',
        'best-last',
      ]),
    )
    .addOption(
      new Option(
        '--completions <which>',
        'completions to write: without and with all context, at each number of chunks, or none (likelihoods only)',
      )
        .choices(['ends', 'all', 'none'])
        .default(DEFAULT_RUN_SETTINGS.completions),
    )
    .option('--split <split...>', 'only holes of these splits', [...SPLITS])
    .option('--limit <n>', 'only so many holes, the same ones each time', wholeNumber)
    .option(
      '--shards <n>',
      'files the labels are spread over; processes side by side take one each',
      wholeNumber,
      16,
    )
    .option('--shard <i>', 'only this shard, counted from 0', wholeNumber)
    .option('--threads <n>', 'threads of the model; 0: chosen from the machine', wholeNumber, 0)
    .option(
      '--torch <python>',
      'evaluate by PyTorch, many holes at a time, with this Python: see tools/trainer/README.md',
    )
    .addOption(new Option('--device <name>', 'of PyTorch').choices(['cpu', 'cuda']).default('cpu'))
    .option('--parallel <n>', 'holes at a time, with PyTorch', wholeNumber, 16)
    .action((dataset: string, flags: LabelFlags) => label(resolve(dataset), flags, signal));
  addPromptFlags(command, DEFAULT_RUN_SETTINGS);
}

async function label(dataset: string, flags: LabelFlags, signal: AbortSignal): Promise<void> {
  checkShard(flags);
  const holes = chosen(await readHoles(dataset), flags);
  const { placement, order, adapter, family, modelsDir, threads, torch, device, parallel } = flags;
  const opened = await openLabelModel({
    model: flags.model,
    ...(modelsDir !== undefined && { modelsDirectory: modelsDir }),
    ...(adapter && { adapters: adapter }),
    ...(family !== undefined && { family }),
    ...(placement && { placement }),
    ...(order && { order }),
    threads,
    ...(torch !== undefined && { torch: { python: torch, device, threads, lanes: Math.max(1, parallel) } }),
    signal,
  });
  const { model, format, lanes } = opened;
  try {
    const { completions } = flags;
    const settings = { ...DEFAULT_RUN_SETTINGS, ...promptSettings(flags), completions };
    const run = await describeLabelRun(opened, settings);
    const directory = await openLabelRun(join(dataset, 'labels'), run);
    console.error(`labels: ${directory}`);
    const line = new ProgressLine();
    const { shards, shard } = flags;
    const done = await labelHoles(holes, new HoleRunner(model, format, settings), {
      directory,
      shards,
      ...(shard !== undefined && { shard }),
      parallel: lanes,
      signal,
      onProgress: ({ done: count, known, total, rate }) => {
        line.show(`${known + count} of ${total} holes${paceOf(rate, total - known - count)}`);
      },
    });
    line.end();
    console.error(
      signal.aborted
        ? `stopped after ${done} holes; the same command goes on from here`
        : `labelled ${done} holes`,
    );
    tellStatistics(holes, await readLabels(directory, inputDigests(holes)));
  } finally {
    await model.close();
  }
}

/** What the labels say so far; the rest is with `stats`. */
function tellStatistics(holes: readonly HoleRecord[], labels: ReadonlyMap<string, LabelRecord>): void {
  const {
    groups: [all],
    stale,
  } = labelStatistics(holes, labels);
  if (stale > 0) console.error(tellStale(stale));
  if (!all) return;
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  const labelled = `${all.holes} labels of ${all.repositories} repositories`;
  console.error(
    Number.isNaN(all.without)
      ? `${labelled}: context makes the truth likelier by ${all.likelihoodGain.toFixed(3)} nats a token`
      : `${labelled}: context makes ${percent(all.better)} better, ${percent(all.worse)} worse and leaves ` +
          `${percent(all.same)}; edit similarity ${all.without.toFixed(1)} without, ` +
          `${all.withContext.toFixed(1)} with, ${all.oracle.toFixed(1)} with the better of both`,
  );
}

/** What to know of labels that are left out. */
export function tellStale(stale: number): string {
  return `${stale} labels are left out: their holes were built anew with other text or context; \`label\` makes them again`;
}

/** In the order of ids, which is random but always the same: the first ones are a fair sample. */
function chosen(holes: readonly HoleRecord[], { split, limit }: LabelFlags): HoleRecord[] {
  return holes
    .filter((hole) => split.includes(hole.split))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}
