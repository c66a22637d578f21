import { resolve } from 'node:path';
import type { Command } from 'commander';
import { contextCost, joinLabels } from '../collect/collect-results.js';
import { toHoleResult } from '../collect/to-hole-result.js';
import { ownPolicies } from '../own/own-policies.js';
import { writeReport } from '../report/index.js';
import { describeMachine } from './machine.js';
import { addOwnFlags, measureWithProgress, reportFolder, type OwnFlags } from './own-flags.js';
import { printVerdict } from './print-verdict.js';

/** `own`: does retrieval pay in a repository of one's own? */
export function addOwnCommand(program: Command, signal: AbortSignal): void {
  addOwnFlags(
    program
      .command('own')
      .description(
        'measure whether retrieval pays in a repository of yours, with your model on this machine',
      ),
    100,
  )
    .option('--out <folder>', 'where the report goes (default: beside the measurements)')
    .action((path: string, flags: OwnFlags & { readonly out?: string }) => own(path, flags, signal));
}

async function own(
  path: string,
  flags: OwnFlags & { readonly out?: string },
  signal: AbortSignal,
): Promise<void> {
  const measured = await measureWithProgress(path, flags, signal);
  const { run, holes } = await joinLabels(measured.dataset, measured.labels);
  const cost = contextCost(holes.map(({ label }) => label));
  const { policies, notes } = await ownPolicies(measured.settings, measured, run.readoutTokens, cost);
  const { root } = measured.repository;
  const { budgets } = run.settings;
  const { files, analysis } = await writeReport(
    {
      title: `Does retrieval pay in ${measured.repository.name.replace(/^path:/, '')}?`,
      model: measured.modelName,
      machine: describeMachine(),
      command: `repoformer report ${path} --holes ${flags.holes}`,
      generatedFrom: [root],
      results: holes.flatMap((labelled) => toHoleResult(labelled, policies) ?? []),
      policies: policies.map(({ spec }) => spec),
      notes: [
        `Model, adapters, place of the context (${run.placement}) and token budgets (${budgets.prefixTokens} before, ${budgets.suffixTokens} after, ${budgets.contextTokens} of context) are those of the daemon as it is set.`,
        ...notes,
        'Nothing of this repository left this machine; this page holds some lines of it.',
      ],
    },
    resolve(flags.out ?? reportFolder(measured)),
  );
  if (flags.json) console.log(JSON.stringify({ ...analysis.verdict, files }));
  else printVerdict(analysis, files);
}
