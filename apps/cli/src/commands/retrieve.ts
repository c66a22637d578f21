import type { Command } from 'commander';
import { RetrieveResponseSchema } from '@repoformer/protocol';
import { AppError } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, examples, tableOption } from '../command.js';
import { readDocument } from '../document.js';
import type { Host } from '../host.js';
import { renderChunk, shownOn } from '../render/chunk.js';
import { formatMs, formatNoun, shortOid } from '../render/units.js';
import { findRepositoryOf, findRepositoryRoot, quoteArgument } from '../repository-of.js';

export function addRetrieveCommand(program: Command, host: Host): void {
  const command = program
    .command('retrieve')
    .description(
      'Show the chunks that resemble the code at a place, best first: of all files, and what a prompt leaves out of this one.',
    )
    .argument('<FILE:LINE[:COL]>', 'the place, counted from 1 as editors do; without COL the end of the line')
    .addOption(tableOption('top-k'))
    .option('--following', 'show the windows that follow those that matched, as in the paper')
    .option('--retriever <NAME>', 'retriever to ask (default: the configured one)')
    .option('--path <PATH>', 'file that the text on standard input belongs to (with "-" for FILE)')
    .action(action(host, retrieve));
  examples(command, [
    ['repoformer retrieve src/main.py:42', 'what a completion there would be given'],
    ['repoformer retrieve src/main.py:42 --top-k 3 --following', 'what follows the three best matches'],
    ['repoformer retrieve src/main.py:42 --json | jq .chunks[].path', 'the files'],
  ]);
}

async function retrieve(context: CliContext, position: string): Promise<void> {
  const { options, output, signal } = context;
  const document = await readDocument(context.host, position, {
    path: options['path'] as string | undefined,
  });
  const { config, origins } = context.settings;
  const root = await findRepositoryRoot(document.path);
  const clients = await context.connect();
  const { registered, path } = await findRepositoryOf(context, clients, document.path, root);
  if (registered === undefined) throw notRegistered(document.path, root);
  const response = await clients.retrieval.retrieve(
    {
      repository: registered.id,
      path,
      prefix: document.prefix,
      suffix: document.suffix,
      topK: origins['top-k'].kind === 'default' ? 0 : config.topK,
      retriever: (options['retriever'] as string | undefined) ?? '',
      following: options['following'] === true,
    },
    { signal },
  );
  if (output.json) {
    await output.message(RetrieveResponseSchema, response);
    return;
  }
  const show = shownOn(output.terminal);
  for (const [i, chunk] of response.chunks.entries()) {
    if (i > 0) await output.line();
    await output.line(renderChunk(chunk, output.style, show));
  }
  const at = response.indexedCommit === '' ? '' : `, index at ${shortOid(response.indexedCommit)}`;
  output.dimNote(`${formatNoun(response.chunks.length, 'chunk')} in ${formatMs(response.retrieveMs)}${at}`);
}

function notRegistered(path: string, root: string | undefined): AppError {
  return new AppError({
    kind: 'not_found',
    reason: 'REPOSITORY_NOT_FOUND',
    message:
      root === undefined ? `${path} is in no git repository` : `the repository ${root} is not registered`,
    meta: {
      hint: `register it with "repoformer repo add ${root === undefined ? 'PATH' : quoteArgument(root)}"`,
    },
  });
}
