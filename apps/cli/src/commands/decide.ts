import type { Command } from 'commander';
import { ScoreResponseSchema } from '@repoformer/protocol';
import type { CliContext } from '../cli-context.js';
import { action, examples, tableOption } from '../command.js';
import { readDocument } from '../document.js';
import type { Host } from '../host.js';
import { renderDecision } from '../render/completion.js';
import { formatMs } from '../render/units.js';
import { findRepositoryOf, findRepositoryRoot } from '../repository-of.js';

export function addDecideCommand(program: Command, host: Host): void {
  const command = program
    .command('decide')
    .description('Show whether context would be retrieved at a place, and why.')
    .argument('<FILE:LINE[:COL]>', 'the place, counted from 1 as editors do; without COL the end of the line')
    .addOption(tableOption('policy'))
    .addOption(tableOption('threshold'))
    .option('--replace-line', 'drop what stands after the cursor on its line')
    .option('--path <PATH>', 'file that the text on standard input belongs to (with "-" for FILE)')
    .action(action(host, decide));
  examples(command, [
    ['repoformer decide src/main.py:42', 'by the configured policy'],
    ['repoformer decide src/main.py:42 --policy similarity', 'by another one'],
    ['repoformer decide src/main.py:42 --json | jq .decision.probability', 'the number alone'],
  ]);
}

async function decide(context: CliContext, position: string): Promise<void> {
  const { options, output, signal } = context;
  const document = await readDocument(context.host, position, {
    path: options['path'] as string | undefined,
    replaceLine: options['replaceLine'] === true,
  });
  const root = await findRepositoryRoot(document.path);
  if (root !== undefined) context.readRepositorySettings(root);
  const { config, origins } = context.settings;
  const clients = await context.connect();
  const { registered, path } = await findRepositoryOf(context, clients, document.path, root);
  output.progress('waiting for the model');
  const response = await clients.policy.score(
    {
      repository: registered?.id ?? '',
      path,
      prefix: document.prefix,
      suffix: document.suffix,
      // Unless named here, the policy is the one that the daemon was started with.
      policy: origins.policy.kind === 'flag' ? config.policy : '',
      ...(config.threshold !== undefined && { threshold: config.threshold }),
    },
    { signal },
  );
  if (output.json) {
    await output.message(ScoreResponseSchema, response);
    return;
  }
  if (response.decision !== undefined) await output.line(renderDecision(response.decision, output.style));
  output.dimNote(`decided in ${formatMs(response.decideMs)}`);
}
