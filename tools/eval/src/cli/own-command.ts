import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EAGERNESS } from '@repoformer/policy';
import { contextCost, joinLabels } from '../collect/collect-results.js';
import {
  constantPolicy,
  fittedPolicies,
  similarityPolicy,
  type JudgedPolicy,
} from '../collect/judged-policy.js';
import { toHoleResult } from '../collect/to-hole-result.js';
import { writeReport } from '../report/index.js';
import { describeMachine } from './machine.js';
import { addOwnFlags, measureWithProgress, reportFolder, type OwnFlags } from './own-flags.js';
import { printVerdict } from './print-verdict.js';

/** What the product uses where no policy was fitted. */
const SIMILARITY_THRESHOLD = 0.28;

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
  const cost = {
    msPerContextToken: contextCost(holes.map(({ label }) => label)),
    lambda: EAGERNESS[flags.eagerness],
  };
  const file = flags.policy ?? measured.policyFile;
  const policies: JudgedPolicy[] =
    file === undefined ? [] : await fittedPolicies({ name: 'classifier', file }, run.readoutTokens, cost);
  policies.push(similarityPolicy(SIMILARITY_THRESHOLD), constantPolicy(1));
  const { root } = measured.repository;
  const { files, analysis } = await writeReport(
    {
      title: `Does retrieval pay in ${measured.repository.name.replace(/^path:/, '')}?`,
      model: measured.modelName,
      machine: describeMachine(),
      command: `repoformer report ${path} --holes ${flags.holes}`,
      generatedFrom: [root],
      results: holes.flatMap(({ hole, label }) => toHoleResult(hole, label, { policies }) ?? []),
      policies: policies.map(({ spec }) => spec),
      notes: ['Nothing of this repository left this machine; this page holds some lines of it.'],
    },
    resolve(flags.out ?? reportFolder(measured)),
  );
  if (flags.json) console.log(JSON.stringify({ ...analysis.verdict, files }));
  else printVerdict(analysis, files);
}
