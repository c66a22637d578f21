import type { Command } from 'commander';
import { createFittedPolicy, EAGERNESS, estimateTokens } from '@repoformer/policy';
import { tunePolicy, writeWhole, type PolicyYield, type TuneHole } from '@repoformer/policy-tool';
import { contextCost, joinLabels } from '../collect/collect-results.js';
import { askedOfGenerator, probeOf } from '../collect/probe-of.js';
import { readPolicyFile } from '../collect/read-policy.js';
import { addOwnFlags, measureWithProgress, type OwnFlags } from './own-flags.js';

/** `tune`: fits a model's policy to a repository of one's own, if that helps. */
export function addTuneCommand(program: Command, signal: AbortSignal): void {
  addOwnFlags(
    program
      .command('tune')
      .description(
        'fit the policy to a repository of yours; kept only if it is better on places it was not tuned on',
      ),
    200,
  )
    .option(
      '--out <file>',
      "where the policy goes (default: the model's tuned policy, which the daemon then uses)",
    )
    .action((path: string, flags: OwnFlags & { readonly out?: string }) => tune(path, flags, signal));
}

async function tune(
  path: string,
  flags: OwnFlags & { readonly out?: string },
  signal: AbortSignal,
): Promise<void> {
  const measured = await measureWithProgress(path, flags, signal, { needsPolicy: true });
  // Measuring refuses to begin without one.
  const { document } = await readPolicyFile(measured.recommended!.file!);
  const needs = askedOfGenerator(createFittedPolicy(document), measured.sharesPrefix);
  const { run, holes } = await joinLabels(measured.dataset, measured.labels);
  const tuneHoles = holes.flatMap(({ hole, label }): TuneHole[] => {
    const similarities = label.variants.map(({ editSimilarity }) => editSimilarity);
    if (similarities.length < 2 || similarities.some((each) => each === undefined)) return [];
    return [
      {
        group: hole.path,
        language: hole.language,
        features: hole.features,
        ...(needs && { probe: probeOf(label.probes, run.readoutTokens, needs) }),
        similarities: similarities as number[],
        contextMs: label.variants.map(({ contextMs }) => contextMs),
        tokensPerChunk: hole.context.chunks
          .slice(0, label.variants.length - 1)
          .map(({ text }) => estimateTokens(text)),
      },
    ];
  });
  const result = tunePolicy(document, tuneHoles, {
    lambda: EAGERNESS[measured.settings.config.eagerness],
    msPerContextToken: contextCost(holes.map(({ label }) => label)) ?? 0,
  });
  const { document: tuned, ...figures } = result;
  const out = flags.out ?? measured.tunedPolicyFile;
  if (tuned) await writeWhole(out, `${JSON.stringify(tuned)}\n`);
  if (flags.json) {
    const { root } = measured.repository;
    console.log(JSON.stringify({ repository: root, ...figures, ...(tuned && { written: out }) }));
    return;
  }
  const { estimate, standardError } = result.difference;
  console.log(`${result.holes} places in ${result.groups} files of ${measured.repository.root}`);
  console.log(`policy as it is     ${describe(result.before)}`);
  console.log(`tuned, on held-out  ${describe(result.after)}`);
  console.log(
    `difference in worth ${estimate.toFixed(2)} ± ${standardError.toFixed(2)} points (one standard error)`,
  );
  if (!tuned) {
    console.log('Not better by more than one standard error: the policy stays as it is.');
    return;
  }
  console.log(`Better: written to ${out}.`);
  console.log(
    flags.out === undefined
      ? 'The daemon uses it once it is started anew: repoformer down && repoformer up. Delete the file to undo this.'
      : 'Set policy-file to it, and start the daemon anew: repoformer down && repoformer up.',
  );
}

function describe({ retrieved, editSimilarity, contextMs, utility }: PolicyYield): string {
  return `edit similarity ${editSimilarity.toFixed(1)}, context at ${(100 * retrieved).toFixed(0)} %, ${contextMs.toFixed(0)} ms for it, worth ${utility.toFixed(1)}`;
}
