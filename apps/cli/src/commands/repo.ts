import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import {
  AddRepositoryResponseSchema,
  GetRepositoryResponseSchema,
  IndexState,
  ListRepositoriesResponseSchema,
  ReindexResponseSchema,
  RemoveRepositoryResponseSchema,
  WatchRepositoryResponseSchema,
} from '@repoformer/protocol';
import type { Repository } from '@repoformer/protocol';
import { AppError } from '@repoformer/domain';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import type { DaemonClients } from '../daemon/daemon-clients.js';
import { realPath } from '../document.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import {
  isUpToDate,
  renderProgress,
  renderRepositories,
  renderRepository,
  renderSize,
  renderSkipped,
} from '../render/repository.js';

export function addRepoCommands(program: Command, host: Host): void {
  const repo = program.command('repo').description('Say which repositories are kept indexed.');
  const add = repo
    .command('add')
    .description('Register a repository and index its HEAD; done already, this changes nothing.')
    .argument('[PATH]', 'any path inside the repository', '.')
    .option('--wait', 'return once the index is complete (on a terminal that is the default)')
    .option('--no-wait', 'return at once; the daemon indexes in the background')
    .action(action(host, addRepository));
  examples(add, [
    ['repoformer repo add', 'the repository around the working directory'],
    ['repoformer repo add ~/src/kafka --wait', 'another one; return when it can be searched'],
  ]);
  const remove = repo
    .command('remove')
    .description('Forget a repository and delete its index; its files are not touched.')
    .argument('[PATH|ID]', 'path inside the repository, or its id', '.')
    .action(action(host, removeRepository));
  examples(remove, [['repoformer repo remove 0a1b2c3d4e5f6071', 'also where its folder is gone']]);
  const list = repo
    .command('list')
    .description('List the registered repositories.')
    .action(action(host, listRepositories));
  examples(list, [['repoformer repo list --json | jq -r .repositories[].root', 'their folders']]);
  const status = repo
    .command('status')
    .description('Show what is indexed of a repository, and at which commit.')
    .argument('[PATH|ID]', 'path inside the repository, or its id', '.')
    .action(action(host, repositoryStatus));
  examples(status, [['repoformer repo status', 'of the repository around the working directory']]);
  const reindex = repo
    .command('reindex')
    .description('Drop the index of a repository and build it anew.')
    .argument('[PATH|ID]', 'path inside the repository, or its id', '.')
    .option('--wait', 'return once the index is complete (on a terminal that is the default)')
    .option('--no-wait', 'return at once; the daemon indexes in the background')
    .action(action(host, reindexRepository));
  examples(reindex, [['repoformer repo reindex --wait', 'where an index seems wrong']]);
  repo.addHelpText('after', '\nExample:\n  repoformer repo add && repoformer hooks install\n');
}

/** A path is made absolute; what looks like an id and is no file is one. */
function identify(context: CliContext, operand: string): string {
  const path = resolve(context.host.cwd, operand);
  if (/^[0-9a-f]{16}$/.test(operand) && !existsSync(path)) return operand;
  return realPath(path);
}

function waits(context: CliContext): boolean {
  const asked = context.options['wait'];
  return asked === undefined ? context.output.showsProgress : asked === true;
}

async function addRepository(context: CliContext, operand: string): Promise<void> {
  const { output, signal } = context;
  const clients = await context.connect();
  const response = await clients.repository.addRepository({ root: identify(context, operand) }, { signal });
  if (output.json) await output.message(AddRepositoryResponseSchema, response);
  await report(context, clients, response.repository, 'registered');
}

async function reindexRepository(context: CliContext, operand: string): Promise<void> {
  const { output, signal } = context;
  const clients = await context.connect();
  const response = await clients.repository.reindex({ repository: identify(context, operand) }, { signal });
  if (output.json) await output.message(ReindexResponseSchema, response);
  await report(context, clients, response.repository, 'indexing anew');
}

/** Waits for the index where that is wanted, and says where things stand. */
async function report(
  context: CliContext,
  clients: DaemonClients,
  repository: Repository | undefined,
  word: string,
): Promise<void> {
  const { output } = context;
  if (repository === undefined) return;
  const show = shownOn(output.terminal);
  if (!waits(context)) {
    if (output.json) return;
    await output.line(`${word} ${show(repository.root)} (${repository.id})`);
    output.dimNote('It is indexed in the background; see "repoformer repo status".');
    return;
  }
  const indexed = await waitUntilIndexed(context, clients, repository.id);
  if (output.json) return;
  await output.line(`indexed ${show(indexed.root)} (${indexed.id})`);
  await output.line(`  ${renderSize(indexed)}`);
  const skipped = renderSkipped(indexed.skipped);
  if (skipped !== '') await output.line(`  ${skipped}`);
}

/**
 * Follows a repository until its index stands at HEAD.
 *
 * @throws AppError failed_precondition with the index's own problem when indexing failed.
 */
export async function waitUntilIndexed(
  context: CliContext,
  clients: DaemonClients,
  repository: string,
): Promise<Repository> {
  const { output, signal } = context;
  for await (const response of clients.repository.watchRepository({ repository }, { signal })) {
    if (output.json) await output.message(WatchRepositoryResponseSchema, response);
    const now = response.repository;
    if (now === undefined) continue;
    output.progress(renderProgress(now));
    if (now.state === IndexState.FAILED) {
      throw new AppError({
        kind: 'failed_precondition',
        reason: 'REPOSITORY_UNREADABLE',
        message: now.problem || `the repository ${now.root} could not be indexed`,
        meta: { repository: now.id },
      });
    }
    if (now.state === IndexState.READY && isUpToDate(now) !== false) {
      output.clearProgress();
      return now;
    }
  }
  throw new AppError({
    kind: 'not_found',
    reason: 'REPOSITORY_NOT_FOUND',
    message: 'the repository was removed while it was being indexed',
    meta: { repository },
  });
}

async function removeRepository(context: CliContext, operand: string): Promise<void> {
  const { output, signal } = context;
  const clients = await context.connect();
  const repository = identify(context, operand);
  const found = await clients.repository.getRepository({ repository }, { signal });
  const id = found.repository?.id ?? repository;
  const response = await clients.repository.removeRepository({ repository: id }, { signal });
  if (output.json) await output.message(RemoveRepositoryResponseSchema, response);
  else await output.line(`removed ${shownOn(output.terminal)(found.repository?.root ?? repository)}`);
}

async function listRepositories(context: CliContext): Promise<void> {
  const { output, signal } = context;
  const clients = await context.connect();
  const response = await clients.repository.listRepositories({}, { signal });
  if (output.json) {
    await output.message(ListRepositoriesResponseSchema, response);
  } else if (response.repositories.length === 0) {
    output.note('No repository is registered; add one with "repoformer repo add PATH".');
  } else {
    await output.line(renderRepositories(response.repositories, output.style, shownOn(output.terminal)));
  }
}

async function repositoryStatus(context: CliContext, operand: string): Promise<void> {
  const { output, signal } = context;
  const clients = await context.connect();
  const response = await clients.repository.getRepository(
    { repository: identify(context, operand) },
    { signal },
  );
  if (output.json) await output.message(GetRepositoryResponseSchema, response);
  else if (response.repository !== undefined) {
    await output.line(renderRepository(response.repository, output.style, shownOn(output.terminal)));
  }
}
