import { resolve } from 'node:path';
import { Option, type Command } from 'commander';
import { DEFAULT_RUN_SETTINGS, inputDigest, readHoles, writeWhole } from '@repoformer/dataset';
import { visibleText } from '@repoformer/fim';
import { coverageOf } from '../files/coverage.js';
import { coverageWorth } from '../fit/coverage-worth.js';

interface GainsFlags {
  readonly out: string;
  readonly chunks: string;
  readonly target: 'es' | 'logLikelihood';
}

/** `gains`: what context should be worth at each hole, for a trainer to learn deciding from. */
export function addGainsCommand(program: Command): void {
  program
    .command('gains')
    .description(
      'write what context should be worth at each hole, by what it shows of the truth; no model is needed',
    )
    .argument('<dataset>', 'folder that `repoformer-dataset build` made')
    .requiredOption('--out <file>', 'JSONL to write; docs/formats/dataset.md')
    .addOption(
      new Option('--chunks <n>', 'how many of the first chunks count').choices(['1', '2', '3']).default('1'),
    )
    .addOption(
      new Option('--target <gain>', 'unit of the gain').choices(['es', 'logLikelihood']).default('es'),
    )
    .action((dataset: string, flags: GainsFlags) => writeGains(resolve(dataset), flags));
}

async function writeGains(dataset: string, { out, chunks, target }: GainsFlags): Promise<void> {
  const visible = visibleText(DEFAULT_RUN_SETTINGS.budgets);
  // Other contexts are not what is served: they say nothing about when to ask for it. The benchmark only judges.
  const served = (await readHoles(dataset)).filter(
    ({ split, context }) =>
      split !== 'benchmark' && context.source === 'retrieved' && !context.queriedWithMiddle,
  );
  const lines = served.map((hole) => {
    const gain = coverageOf(hole, visible)
      .slice(0, Number(chunks))
      .reduce((sum, each) => sum + coverageWorth(each, target), 0);
    return { schema: 1, id: hole.id, input: inputDigest(hole), gain: Number(gain.toPrecision(6)) };
  });
  await writeWhole(resolve(out), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const some = lines.filter(({ gain }) => gain > 0).length;
  console.error(`${out}: ${lines.length} holes; context shows something of the truth in ${some}`);
}
