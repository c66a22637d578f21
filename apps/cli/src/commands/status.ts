import type { Command } from 'commander';
import { toJson } from '@bufbuild/protobuf';
import { AppError } from '@repoformer/domain';
import { ListModelsResponseSchema, ListRepositoriesResponseSchema } from '@repoformer/protocol';
import type { Model } from '@repoformer/protocol';
import type { CliContext } from '../cli-context.js';
import { action, examples } from '../command.js';
import { createDaemonClients } from '../daemon/daemon-clients.js';
import { readDaemonRecord } from '../daemon/daemon-lock.js';
import type { Host } from '../host.js';
import { shownOn } from '../render/chunk.js';
import { renderRepositories } from '../render/repository.js';
import { formatBytes, formatCount } from '../render/units.js';

export function addStatusCommand(program: Command, host: Host): void {
  const command = program
    .command('status')
    .description('Show whether the daemon runs, its models and its repositories. Starts nothing.')
    .action(action(host, status));
  examples(command, [
    ['repoformer status', 'exit code 3 where no daemon answers'],
    ['repoformer status --json | jq .models[].counters', 'what the models have done'],
  ]);
}

async function status(context: CliContext): Promise<void> {
  const { output, signal } = context;
  const { dataDir, socket } = context.settings.config;
  // `connect` would start it.
  if (!(await context.isDaemonUp())) {
    throw new AppError({
      kind: 'unavailable',
      reason: 'DAEMON_UNREACHABLE',
      message: `no daemon answers at ${socket}`,
      meta: { socket },
    });
  }
  const clients = createDaemonClients(context.address);
  try {
    const record = readDaemonRecord(dataDir);
    const [models, repositories] = await Promise.all([
      clients.model.listModels({}, { signal }),
      clients.repository.listRepositories({}, { signal }),
    ]);
    if (output.json) {
      await output.value({
        daemon: { socket, dataDir, ...record },
        ...(toJson(ListModelsResponseSchema, models) as object),
        ...(toJson(ListRepositoriesResponseSchema, repositories) as object),
      });
      return;
    }
    const { style } = output;
    const about =
      record === undefined
        ? ''
        : ` version ${record.version}, process ${record.pid}, since ${record.startedAt}`;
    await output.line(`${style.bold('daemon')}  ${style.green('running')}${about}`);
    await output.line(`  socket  ${socket}`);
    await output.line(`  data    ${dataDir}`);
    for (const model of models.models) await output.line(renderModel(model, style.bold));
    await output.line(style.bold('repositories'));
    const show = shownOn(output.terminal);
    const list = renderRepositories(repositories.repositories, style, show);
    await output.line(list === '' ? '  none; add one with "repoformer repo add PATH"' : indent(list));
  } finally {
    clients.close();
  }
}

function renderModel(model: Model, bold: (text: string) => string): string {
  const { name, roles, loaded, family, device, memoryBytes, counters, adapters } = model;
  const facts = loaded
    ? [
        family === '' ? 'no family' : `family ${family}`,
        `on ${device}`,
        `${formatBytes(memoryBytes)} of memory`,
        ...(adapters.length > 0 ? [`with ${adapters.join(', ')}`] : []),
      ]
    : ['not loaded (yet): "repoformer up" waits for it and says why'];
  const lines = [`${bold('model')}   ${name} (${roles.join(', ')}): ${facts.join(', ')}`];
  if (loaded && counters !== undefined) {
    const { requests, evaluatedTokens, reusedTokens, generatedTokens, cancelledRequests, restarts } =
      counters;
    lines.push(
      `  ${formatCount(requests)} requests (${formatCount(cancelledRequests)} cancelled), tokens: ${formatCount(evaluatedTokens)} evaluated, ${formatCount(reusedTokens)} reused, ${formatCount(generatedTokens)} generated; ${formatCount(restarts)} restarts`,
    );
  }
  return lines.join('\n');
}

const indent = (text: string): string => text.replace(/^/gm, '  ');
