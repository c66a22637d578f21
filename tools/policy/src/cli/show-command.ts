import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError } from '@repoformer/domain';
import { parsePolicyDocument, type PolicyDocument, type ProbabilityHead } from '@repoformer/policy';
import type { Command } from 'commander';

/** Inputs named of each head. */
const SHOWN = 15;

/** `show`: what a policy document holds, once it has passed all checks. */
export function addShowCommand(program: Command): void {
  program
    .command('show')
    .description('check a policy document and say what it holds')
    .argument('<file>', 'policy document')
    .action(async (file: string) => {
      const text = await readFile(resolve(file), 'utf8').catch((cause: unknown) => {
        const message = `${file}: it cannot be read; name a policy document`;
        throw new AppError({ kind: 'not_found', reason: 'CONFIG_INVALID', message, cause });
      });
      console.log(describePolicy(parsePolicyDocument(text, file)));
    });
}

/** A policy document in words. */
export function describePolicy({
  name,
  generator,
  training,
  stages,
  chunks,
  gains,
  threshold,
}: PolicyDocument): string {
  const { probed } = stages;
  return [
    `${name}, for ${generator.name}`,
    `fitted on ${training.holes} holes of ${training.repositories} repositories, calibrated on ${training.calibrationHoles} of ${training.calibrationRepositories}; target ${training.target}`,
    ...Object.entries(training.metrics).map(([metric, value]) => `  ${metric}: ${value.toFixed(3)}`),
    `threshold where the cost is not known: ${threshold.toFixed(3)}`,
    ...Object.entries(gains).map(
      ([language, { helps, hurts }]) =>
        `gains, ${language}: +${helps.toFixed(1)} or -${hurts.toFixed(1)} points`,
    ),
    `without a model: ${describeHead(stages.free)}`,
    ...(probed
      ? [
          `with the model's answer${probed.band ? `, between ${probed.band.map((p) => p.toFixed(2)).join(' and ')}` : ''}: ${describeHead(probed.head)}`,
        ]
      : []),
    ...(probed?.readout
      ? [`read-out: ${probed.readout.tokens.length} tokens, place "${probed.readout.place}"`]
      : []),
    chunks ? `number of chunks: from ${chunks.inputs.length} inputs` : 'number of chunks: all or none',
  ].join('\n');
}

function describeHead({ inputs, scorer, calibration }: ProbabilityHead): string {
  if (scorer.kind === 'trees')
    return `${scorer.trees.length} trees over ${inputs.length} inputs, ${calibration.kind}`;
  const order = [...inputs.keys()]
    .filter((at) => scorer.weights[at] !== 0)
    .sort((a, b) => Math.abs(scorer.weights[b]!) - Math.abs(scorer.weights[a]!));
  const weights = order.slice(0, SHOWN).map((at) => {
    const weight = scorer.weights[at]!;
    return `\n  ${weight < 0 ? '-' : '+'}${Math.abs(weight).toFixed(3)} ${inputs[at]}`;
  });
  const more = order.length > SHOWN ? `\n  and ${order.length - SHOWN} more` : '';
  return `logistic over ${order.length} of ${inputs.length} inputs, ${calibration.kind}${weights.join('')}${more}`;
}
