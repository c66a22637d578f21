import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { addEvaluationOptions, evaluationArguments } from '../evaluation/evaluation-arguments.js';
import { runEvaluationTool } from '../evaluation/evaluation-tool.js';
import type { Host } from '../host.js';

const HOLES = 100;

export function addReportCommand(program: Command, host: Host): void {
  const command = program
    .command('report')
    .description(
      'Measure whether retrieval pays in a repository, with the configured model on this machine, and write a page about it. It takes minutes; Ctrl-C stops measuring and reports on what there is. Nothing leaves the machine.',
    );
  addEvaluationOptions(command, HOLES)
    .option('--out <FOLDER>', 'where the page goes (default: beside the measurements, in the cache)')
    .action(action(host, report));
  examples(command, [
    ['repoformer report', 'of the repository around the working directory'],
    ['repoformer report ~/src/kafka --holes 300 --out ./report', 'surer, and the page where it is wanted'],
    ['repoformer report --json | jq -r .files.html', 'where the page is'],
  ]);
}

async function report(context: CliContext, path: string): Promise<void> {
  await runEvaluationTool(evaluationArguments(context, 'own', path), context.host);
}
