import { resolve } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { finiteNumber, SPLITS, type Split } from '@repoformer/dataset';
import { AppError } from '@repoformer/domain';
import { EAGERNESS, EAGERNESS_NAMES, type Eagerness } from '@repoformer/policy';
import { count, type Baseline } from '../analysis/index.js';
import { contextCost, isServed, joinLabels, type LabelledHole } from '../collect/collect-results.js';
import {
  constantPolicy,
  fittedPolicies,
  selfGreedyPolicy,
  selfPolicy,
  similarityPolicy,
  specOn,
  type JudgedPolicy,
} from '../collect/judged-policy.js';
import { readBaseline } from '../collect/read-baseline.js';
import { toHoleResult } from '../collect/to-hole-result.js';
import { writeReport } from '../report/index.js';
import { describeMachine } from './machine.js';
import { printVerdict } from './print-verdict.js';

interface ReportFlags {
  readonly labels: string;
  readonly out: string;
  readonly split: Split;
  readonly title: string;
  readonly policy: readonly NamedValue[];
  readonly probes: readonly NamedValue[];
  readonly similarity: readonly number[];
  readonly chunks: readonly number[];
  readonly self: readonly number[];
  readonly eagerness: Eagerness;
  readonly baseline: readonly string[];
  readonly note: readonly string[];
}

interface NamedValue {
  readonly name: string;
  readonly value: string;
}

/** `report`: all modes and policies on the labels of one run. */
export function addReportCommand(program: Command, signal: AbortSignal): void {
  program
    .command('report')
    .description('judge policies on labelled holes: HTML, JSON and Markdown')
    .argument('<dataset>', 'folder of the holes')
    .requiredOption(
      '--labels <run>',
      'folder of their labels, made by `repoformer-dataset label --completions`',
    )
    .requiredOption('--out <folder>', 'where the report goes')
    .addOption(new Option('--split <name>', 'holes to judge on').choices([...SPLITS]).default('benchmark'))
    .option('--title <text>', 'headline', 'Does retrieval pay?')
    .option('--policy <name=file...>', 'fitted policies', namedValues, [])
    .option(
      '--probes <name=run...>',
      'for a policy that asks another model: labels of the same holes by that model',
      namedValues,
      [],
    )
    .option('--similarity <threshold...>', 'thresholds of the best hit’s similarity', numbers, [])
    .option('--chunks <n...>', 'always so many chunks', numbers, [])
    .option('--self <threshold...>', 'thresholds of the model’s own token', numbers, [])
    .addOption(
      new Option('--eagerness <name>', 'what a priced policy pays for time')
        .choices([...EAGERNESS_NAMES])
        .default('balanced'),
    )
    .option('--baseline <run...>', 'labels of the same holes to hold the model against: see `baseline`', [])
    .option('--note <text...>', 'what a reader must know', [])
    .action((dataset: string, flags: ReportFlags) => report(resolve(dataset), flags, signal));
}

async function report(dataset: string, flags: ReportFlags, signal: AbortSignal): Promise<void> {
  const labels = resolve(flags.labels);
  const { run, holes, unlabelled } = await joinLabels(
    dataset,
    labels,
    (hole) => isServed(hole) && hole.split === flags.split,
  );
  if (run.engine !== undefined) {
    throw new AppError({
      kind: 'failed_precondition',
      reason: 'CONFIG_INVALID',
      message: `${labels} was made by PyTorch, whose milliseconds are not the daemon's; label these holes with llama.cpp (without --torch)`,
    });
  }
  signal.throwIfAborted();
  const msPerContextToken = contextCost(holes.map(({ label }) => label));
  const cost = { msPerContextToken, lambda: EAGERNESS[flags.eagerness] };
  const policies: JudgedPolicy[] = [];
  for (const { name, value } of flags.policy) {
    const probes = flags.probes.find((each) => each.name === name);
    const options = { name, file: value, ...(probes && { probeRun: resolve(probes.value) }) };
    policies.push(...(await fittedPolicies(options, run.readoutTokens, cost)));
  }
  policies.push(...flags.similarity.map(similarityPolicy), ...flags.self.map(selfPolicy));
  policies.push(...flags.chunks.map(constantPolicy));
  if (flags.self.length > 0) policies.push(selfGreedyPolicy);
  const baselines: Baseline[] = [];
  for (const folder of flags.baseline) baselines.push(await readBaseline(dataset, resolve(folder), holes));
  const results = holes.flatMap((labelled) => toHoleResult(labelled, policies) ?? []);
  const { budgets } = run.settings;
  const { files, analysis } = await writeReport(
    {
      title: flags.title,
      model: [run.model.name, ...run.model.adapters.map(() => 'its adapter')].join(' with '),
      machine: describeMachine(),
      command: `repoformer-eval ${process.argv.slice(2).join(' ')}`,
      generatedFrom: [...new Set(results.map(({ repository }) => repository))].sort(),
      results,
      policies: policies.map((policy) => specOn(policy, holes)),
      baselines,
      notes: [
        `Prompts hold at most ${budgets.prefixTokens} tokens before the hole, ${budgets.suffixTokens} after it and ${budgets.contextTokens} of context in at most ${run.settings.maxChunks} chunks, placed ${run.placement}, ${run.order}.`,
        ...testNotes(holes),
        ...(unlabelled > 0 ? [`${unlabelled} holes of this split have no label and are not counted.`] : []),
        ...flags.note,
      ],
    },
    resolve(flags.out),
  );
  printVerdict(analysis, files);
}

/** What pass rates rest on, where tests were run. */
function testNotes(holes: readonly LabelledHole[]): string[] {
  const tested = holes.filter(({ passed }) => passed.size > 0);
  if (tested.length === 0) return [];
  const packages = new Set(tested.map(({ hole }) => hole.repository)).size;
  return [
    `Pass rates are of ${count(tested.length, 'function')} of ${count(packages, 'package')} that their own tests cover: they pass with the truth and fail with a body that raises.`,
  ];
}

function namedValues(text: string, before: readonly NamedValue[]): NamedValue[] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('it must be name=path.');
  return [...before, { name: text.slice(0, at), value: text.slice(at + 1) }];
}

function numbers(text: string, before: readonly number[]): number[] {
  return [...before, finiteNumber(text)];
}
