import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { atLeast, finiteNumber, readLabelRun, readLabels, writeWhole } from '@repoformer/dataset';
import { fitPolicy } from '../fit/fit-policy.js';
import { formatReport } from '../fit/fit-report.js';
import { TARGETS, type Target } from '../fit/targets.js';
import { readLabelledHoles } from '../files/read-labelled-holes.js';
import { toFitTable, type LeftOut } from '../files/to-fit-table.js';

interface FitFlags {
  readonly labels: string;
  readonly out: string;
  readonly report?: string;
  readonly name?: string;
  readonly target: Target;
  readonly minimumGain: number;
  readonly folds: number;
  readonly draws: number;
  readonly seed: number;
  readonly secondRound: boolean;
  readonly chunkLabels?: string;
  readonly probes?: string;
  readonly free?: string;
  readonly probed?: string;
}

/** `fit`: labelled holes to a policy document. */
export function addFitCommand(program: Command): void {
  program
    .command('fit')
    .description('fit a policy on labelled holes, and tell how good it is on repositories it has not seen')
    .argument('<dataset>', 'folder that `repoformer-dataset build` made')
    .requiredOption('--labels <folder>', 'run that `repoformer-dataset label` made: the folder with run.json')
    .requiredOption('--out <file>', 'policy document to write')
    .option(
      '--report <file>',
      'where the report goes: JSON for a name in .json, else Markdown; default: printed',
    )
    .option('--name <name>', "the policy's name (default: that of the model)")
    .addOption(new Option('--target <gain>', 'what counts as help').choices([...TARGETS]).default('es'))
    .option('--minimum-gain <n>', "what a gain must exceed to count, in the target's unit", finiteNumber, 0)
    .option('--folds <n>', 'of the cross-validation by repository', atLeast(2), 5)
    .option('--draws <n>', 'of the bootstrap over repositories', atLeast(10), 200)
    .option('--seed <n>', 'of folds, trees and bootstrap', atLeast(0), 1)
    .option('--second-round', 'also holes whose context was found with the truth in the query', false)
    .option(
      '--chunk-labels <folder>',
      'another run, over some of the holes, with more chunks: to learn what each further chunk adds',
    )
    .option(
      '--probes <folder>',
      'run of another model over the same holes: the policy then asks that one (a small model for a larger)',
    )
    .option('--free <candidate>', 'take this one of those that ask no model, whatever is better')
    .option('--probed <candidate>', 'take this one of those that ask it, whatever is better')
    .action((dataset: string, flags: FitFlags) => fit(resolve(dataset), flags));
}

async function fit(dataset: string, flags: FitFlags): Promise<void> {
  const { holes, labels, generator, readoutTokens, contextChunks } = await readLabelledHoles(
    dataset,
    resolve(flags.labels),
  );
  const prober = flags.probes === undefined ? undefined : await readProber(resolve(flags.probes));
  const tokens = prober ? prober.readoutTokens : readoutTokens;
  const { table, leftOut } = toFitTable(holes, labels, {
    contextChunks,
    ...(prober && { probeLabels: prober.labels }),
    ...(flags.chunkLabels !== undefined && { chunkLabels: await readLabels(resolve(flags.chunkLabels)) }),
    withSecondRound: flags.secondRound,
    ...(tokens && { readoutTokens: tokens }),
  });
  console.error(`${table.holes.length} labelled holes; left out: ${describe(leftOut)}`);
  const unasked = table.holes.filter(({ probe }) => probe === undefined).length;
  if (unasked > 0) console.error(`${unasked} of them have no probe: no stage that asks a model is fitted`);
  if (!tokens) console.error('the labels do not say which tokens were read out: no read-out is fitted');
  const { target, minimumGain, folds, draws, seed, free, probed } = flags;
  const forced = { ...(free !== undefined && { free }), ...(probed !== undefined && { probed }) };
  const { document, report } = fitPolicy(table, {
    name: flags.name ?? generator.name,
    generator,
    ...(prober && { prober: prober.model }),
    target,
    minimumGain,
    forced,
    folds,
    draws,
    seed,
  });
  await writeWhole(resolve(flags.out), `${JSON.stringify(document)}\n`);
  if (flags.report === undefined) {
    console.log(formatReport(report));
  } else {
    const isJson = flags.report.endsWith('.json');
    const text = isJson ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report);
    await writeWhole(resolve(flags.report), text);
  }
  const { chosen } = report;
  console.error(`${flags.out}: ${chosen.probed ? `${chosen.free}, then ${chosen.probed}` : chosen.free}`);
}

/** Another model's answers about the holes. */
async function readProber(run: string) {
  const { model, readoutTokens } = await readLabelRun(run);
  const { name, sha256 } = model;
  return { model: { name, sha256 }, readoutTokens, labels: await readLabels(run) };
}

function describe(leftOut: LeftOut): string {
  const names: Record<keyof LeftOut, string> = {
    unlabelled: 'without a label',
    stale: 'with a label of another text or context',
    benchmark: 'of the benchmark',
    randomContext: 'with random context',
    secondRound: 'with the truth in the query',
    withoutContext: 'without context',
    withoutCompletions: 'without completions',
    staleChunkLabels: 'chunk labels of another text or context',
    staleProbes: 'probes of another text or context',
  };
  const parts = (Object.keys(names) as (keyof LeftOut)[])
    .filter((reason) => leftOut[reason] > 0)
    .map((reason) => `${leftOut[reason]} ${names[reason]}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}
