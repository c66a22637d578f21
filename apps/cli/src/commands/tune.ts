import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { addEvaluationOptions, evaluationArguments } from '../evaluation/evaluation-arguments.js';
import { runEvaluationTool } from '../evaluation/evaluation-tool.js';
import type { Host } from '../host.js';

const HOLES = 200;

export function addTuneCommand(program: Command, host: Host): void {
  const command = program
    .command('tune')
    .description(
      'Fit the policy of the configured model to a repository. It is kept only if it is better at places it was not tuned on; the daemon uses it from its next start on.',
    );
  addEvaluationOptions(command, HOLES)
    .option(
      '--out <FILE>',
      "where the policy goes (default: the model's tuned policy, which the daemon takes by itself)",
    )
    .action(action(host, tune));
  examples(command, [
    ['repoformer tune', 'on the repository around the working directory'],
    ['repoformer tune && repoformer down && repoformer up', 'and use it'],
    ['repoformer tune --out ./mine.json', 'only write it; policy-file names it to the daemon'],
  ]);
}

async function tune(context: CliContext, path: string): Promise<void> {
  const args = evaluationArguments(context, 'tune', path);
  const { origins, config } = context.settings;
  const { kind } = origins['policy-file'];
  if (config.policyFile !== undefined && kind !== 'flag' && context.options['out'] === undefined) {
    context.output.note(
      context.output.noteStyle.yellow(
        `policy-file is set to ${config.policyFile}: tuning begins with that policy, and the daemon goes on with it, not with the tuned one, until policy-file is taken out or names the tuned one.`,
      ),
    );
  }
  await runEvaluationTool(args, context.host);
}
