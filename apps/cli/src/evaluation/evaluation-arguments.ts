import { resolve } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { CliContext } from '../cli-context.js';
import { tableOption } from '../command.js';

/** Options of the commands that measure a repository with the model; their values go to the evaluation tool. */
export function addEvaluationOptions(command: Command, holes: number): Command {
  return command
    .argument('[PATH]', 'any path inside the repository; what is committed counts', '.')
    .option('--holes <N>', `places to measure at (default: ${holes})`, atLeast(1))
    .option('--threads <N>', 'threads of the model (default: prefill-threads)', atLeast(0))
    .addOption(tableOption('models-dir'))
    .addOption(tableOption('policy-file'))
    .addOption(tableOption('eagerness'));
}

/** The tool's command line: its command, and every option as it is resolved here. */
export function evaluationArguments(context: CliContext, name: 'own' | 'tune', path: string): string[] {
  const { host, options, output } = context;
  const { model, modelsDir, policyFile, eagerness, prefillThreads } = context.settings.config;
  const given = (option: string): string | undefined => options[option] as string | undefined;
  const [holes, out] = [given('holes'), given('out')];
  return [
    name,
    ...['--model', model, '--models-dir', modelsDir, '--eagerness', eagerness],
    ...['--threads', given('threads') ?? String(prefillThreads)],
    ...(policyFile === undefined ? [] : ['--policy', policyFile]),
    ...(holes === undefined ? [] : ['--holes', holes]),
    ...(out === undefined ? [] : ['--out', resolve(host.cwd, out)]),
    ...(output.json ? ['--json'] : []),
    ...(output.json || options['quiet'] === true ? ['--quiet'] : []),
    // What begins with a dash is no option.
    ...['--', resolve(host.cwd, path)],
  ];
}

function atLeast(least: number): (text: string) => string {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return text;
    throw new InvalidArgumentError(`It must be a whole number of ${least} or more.`);
  };
}
